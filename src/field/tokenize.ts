// Strings as the tokens that conditions on text compare. Conditions without an index and text indexes both take them
// from here, so that they agree.
//
//   word        runs of letters and digits
//   whitespace  what stands between white space
//   prefix      words, of which every beginning of minTokenLength characters or more is a token; a text that is asked
//               for gives its words whole. Words longer than maxTokenLength are cut to it
//
// Characters are code points. Lower case is that of Unicode, without regard to a language, one token at a time.
import type { TextOptions } from './field-schema.js';

const WORD = /[\p{Alphabetic}\p{N}]+/gu;
const NO_SPACE = /\P{White_Space}+/gu;

/** In the order of the text: the tokens asked for, and the words that a value has. */
export function tokenize(text: string, options: TextOptions): string[] {
  const { tokenizer, lowercase, minTokenLength, maxTokenLength } = options;
  const tokens: string[] = [];
  for (const raw of text.match(tokenizer === 'whitespace' ? NO_SPACE : WORD) ?? []) {
    const token = lowercase ? raw.toLowerCase() : raw;
    const length = lengthOf(token, maxTokenLength);
    if (length < minTokenLength) continue;
    if (length <= maxTokenLength) tokens.push(token);
    else if (tokenizer === 'prefix') tokens.push(firstOf(token, maxTokenLength));
  }
  return tokens;
}

/** Under what an index keeps a value that has these words: each once. */
export function indexTokens(words: readonly string[], { tokenizer, minTokenLength }: TextOptions): Set<string> {
  if (tokenizer !== 'prefix') return new Set(words);
  const tokens = new Set<string>();
  for (const word of words) {
    let [token, length] = ['', 0];
    for (const character of word) {
      token += character;
      length += 1;
      if (length >= minTokenLength) tokens.add(token);
    }
  }
  return tokens;
}

/** Whether a word of a value is, or begins with, a token asked for. */
export function isToken(word: string, token: string, { tokenizer }: TextOptions): boolean {
  return tokenizer === 'prefix' ? word.startsWith(token) : word === token;
}

/** Whether the tokens stand in the words one behind the other; never where there are none. */
export function hasPhrase(words: readonly string[], tokens: readonly string[], options: TextOptions): boolean {
  if (tokens.length === 0) return false;
  for (let first = 0; first + tokens.length <= words.length; first += 1) {
    if (tokens.every((token, at) => isToken(words[first + at] as string, token, options))) return true;
  }
  return false;
}

// Units are counted only where they can make a difference: a code point has one or two of them.
function lengthOf(token: string, most: number): number {
  return token.length <= most && isBasic(token) ? token.length : Array.from(token).length;
}

function isBasic(token: string): boolean {
  return !/[\ud800-\udfff]/.test(token);
}

function firstOf(token: string, characters: number): string {
  return Array.from(token).slice(0, characters).join('');
}
