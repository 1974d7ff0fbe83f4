// What indexed fields a collection has: types, and how users ask for them. Kept in the metadata (src/meta), in plain
// JSON.
import { VamanaError } from '../errors.js';
import { parsePath } from '../payload/payload-path.js';

export const FIELD_TYPES = ['keyword', 'integer', 'float', 'bool', 'datetime', 'uuid', 'text', 'geo'] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

export const TOKENIZERS = ['word', 'whitespace', 'prefix'] as const;
export type Tokenizer = (typeof TOKENIZERS)[number];

/** How strings become tokens; see tokenize.ts. */
export interface TextOptions {
  /** 'word' by default. */
  readonly tokenizer: Tokenizer;
  /** true by default. */
  readonly lowercase: boolean;
  /** Tokens of fewer characters are left out; 1 by default. */
  readonly minTokenLength: number;
  /** Tokens of more characters are left out; 256 by default. */
  readonly maxTokenLength: number;
}

export interface FieldSchema {
  readonly type: FieldType;
  /** Of type text only. */
  readonly text?: TextOptions;
}

export type FieldSchemaInput = FieldType | { type: FieldType; text?: Partial<TextOptions> };

export const TEXT_DEFAULTS: TextOptions = {
  tokenizer: 'word',
  lowercase: true,
  minTokenLength: 1,
  maxTokenLength: 256,
};

/** INVALID_ARGUMENT for a path or a schema that is none. */
export function resolveFieldSchema(path: string, input: FieldSchemaInput): FieldSchema {
  parsePath(path);
  const { type, text } = typeof input === 'string' ? { type: input, text: undefined } : input;
  if (!FIELD_TYPES.includes(type)) throw invalid(path, `type ${String(type)}`, FIELD_TYPES.join(', '));
  if (type !== 'text') {
    if (text === undefined) return { type };
    throw invalid(path, `text options on type ${type}`, 'them on type text only');
  }
  const options: TextOptions = { ...TEXT_DEFAULTS, ...text };
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(TEXT_DEFAULTS, name));
  if (unknown !== undefined) throw invalid(path, `text option ${unknown}`, Object.keys(TEXT_DEFAULTS).join(', '));
  if (!TOKENIZERS.includes(options.tokenizer)) {
    throw invalid(path, `tokenizer ${String(options.tokenizer)}`, TOKENIZERS.join(', '));
  }
  if (typeof options.lowercase !== 'boolean') throw invalid(path, 'lowercase that is no boolean', 'true or false');
  const { minTokenLength: least, maxTokenLength: most } = options;
  if (!Number.isInteger(least) || !Number.isInteger(most) || least < 1 || most < least || most > TOKEN_LENGTH_MAX) {
    throw invalid(path, `token lengths ${least} to ${most}`, `whole numbers from 1 to ${TOKEN_LENGTH_MAX}, in order`);
  }
  return { type, text: options };
}

// A token is part of a key in LMDB, which are 1978 bytes at most.
const TOKEN_LENGTH_MAX = 256;

function invalid(path: string, found: string, expected: string): VamanaError {
  return new VamanaError(
    'INVALID_ARGUMENT',
    `index of field ${JSON.stringify(path)}: found ${found}, expected ${expected}`,
  );
}
