// JSON of a body whose vectors become Float32Arrays, all of them parts of one; everything else is what parseJson makes
// of it, exact whole numbers and refusals included. What is a vector is known by where it stands: lists of numbers under
// other names, ids, say, or those of a payload, stay lists. Called by request-runner.ts for what is small, and on a
// thread (bulk-worker.ts) for what is large.
import { findNumberLists, type NumberList, type NumberLists } from './number-lists.js';
import { badRequest } from './wire-error.js';
import { bytesText, parseJson } from './wire-json.js';

export interface VectorJson {
  value: unknown;
  /** Those of all vectors, and of lists that turned out to be none. */
  vectors: Float32Array;
}

/** Below this a body is parsed sooner as it is. */
const BYTES_LEAST = 512;
/** Stands for a list in the text that is left; no character that a body without an escape of it can hold. */
const MARK = '\u0000';
const MARK_ESCAPED = '\\u0000';

/** 400 for what is no JSON, and for more than `most` values beside vectors. */
export function parseVectorJson(bytes: Uint8Array, most = Number.POSITIVE_INFINITY): VectorJson {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const found = body.length < BYTES_LEAST ? NOTHING : findNumberLists(body);
  const rest = found.lists.length === 0 ? undefined : textBeside(body, found.lists);
  const value = rest === undefined ? parseJson(bytesText(body)) : parseRest(rest, body);
  if (rest === undefined && most === Number.POSITIVE_INFINITY) return { value, vectors: NOTHING.numbers };
  const placer = new Placer(body, rest === undefined ? NOTHING : found, most);
  return { value: placer.place(value, 'any', 1), vectors: found.numbers };
}

/** Far past what any route reads; deeper ones would overflow a stack, here or on the way from a thread. */
export const DEPTH_MOST = 1000;

const NOTHING: NumberLists = { lists: [], numbers: new Float32Array() };

/** Undefined where a mark could be taken for text of the body. */
function textBeside(body: Buffer, lists: readonly NumberList[]): string | undefined {
  const parts: string[] = [];
  let end = 0;
  for (const [at, list] of lists.entries()) {
    parts.push(body.toString('utf8', end, list.start), `"${MARK_ESCAPED}${at}"`);
    end = list.end;
  }
  parts.push(body.toString('utf8', end));
  if (parts.some((part, at) => at % 2 === 0 && part.includes(MARK_ESCAPED))) return undefined;
  return parts.join('');
}

// What is wrong is told of the text that was sent.
function parseRest(rest: string, body: Buffer): unknown {
  try {
    return parseJson(rest);
  } catch {
    return parseJson(bytesText(body));
  }
}

/** What stands in a place: a vector, a list or an object of them, one of whatever name, or no vector at all. */
type Kind = 'vector' | 'vectors' | 'named' | 'any' | 'none';

/** Members that are vectors, or hold them, wherever they are; the other members of objects are of kind 'any'. */
const KINDS: ReadonlyMap<string, Kind> = new Map([
  ['query', 'vector'],
  ['nearest', 'vector'],
  ['vector', 'named'],
  ['vectors', 'vectors'],
  ['positive', 'vectors'],
  ['negative', 'vectors'],
  ['filter', 'none'],
  ['payload', 'none'],
  ['payloads', 'none'],
]);

class Placer {
  private values = 0;

  constructor(
    private readonly body: Buffer,
    private readonly found: NumberLists,
    private readonly most: number,
  ) {}

  /** The value with lists where marks are. */
  place(value: unknown, kind: Kind, depth: number): unknown {
    this.count(1);
    if (depth > DEPTH_MOST) throw badRequest('the body: it is nested too deeply');
    if (typeof value === 'string') return this.isMark(value) ? this.listOf(Number(value.slice(1)), kind) : value;
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) {
      const inner = kind === 'vectors' ? 'vector' : kind === 'any' ? 'any' : 'none';
      for (let at = 0; at < value.length; at += 1) value[at] = this.place(value[at], inner, depth + 1);
      return value;
    }
    const members = value as Record<string, unknown>;
    for (const key of Object.keys(members)) {
      const member = members[key];
      const placed = this.place(member, kindOf(key, kind), depth + 1);
      if (placed !== member) members[key] = placed;
    }
    return value;
  }

  private isMark(text: string): boolean {
    return text.startsWith(MARK) && this.found.lists.length > 0;
  }

  private listOf(at: number, kind: Kind): unknown {
    const { start, end, first, length } = this.found.lists[at] as NumberList;
    if (kind === 'vector' || kind === 'named') return this.found.numbers.subarray(first, first + length);
    this.count(length);
    return parseJson(this.body.toString('latin1', start, end));
  }

  private count(values: number): void {
    this.values += values;
    if (this.values > this.most) {
      throw badRequest(`the body: found more than ${this.most} values beside vectors; split it (limits.json_values)`);
    }
  }
}

// Below a vector that has a name any name may stand.
function kindOf(key: string, around: Kind): Kind {
  if (around === 'none') return 'none';
  if (around === 'named') return 'vector';
  if (around === 'vectors') return 'vectors';
  return KINDS.get(key) ?? 'any';
}
