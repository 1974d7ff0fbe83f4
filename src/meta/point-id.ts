// The ids of points as users spell them, made into one canonical form each: u64 as bigint, UUIDs as lower-case
// hyphenated strings, other strings where the collection allows them. Also their order. Keys are id-key.ts.
import { VamanaError } from '../errors.js';
import type { PointId } from '../payload/point.js';
import { isWellFormed } from '../payload/unicode.js';

export const MAX_NUMBER_ID = 2n ** 64n - 1n;

/** UTF-8 bytes of a string id: with its tag well below what an LMDB key may hold. */
export const MAX_STRING_ID_BYTES = 1024;

export interface PointIdRules {
  /** Any string is an id of its own; otherwise strings are UUIDs only. */
  strings?: boolean;
  /** A string of digits is a number, as in the path of a URL. */
  decimals?: boolean;
}

/** INVALID_ARGUMENT, with what was found, for anything that is no id under the rules. */
export function parsePointId(value: unknown, rules: PointIdRules = {}): PointId {
  if (typeof value === 'bigint') return checkRange(value);
  if (typeof value === 'number') return parseNumber(value);
  if (typeof value !== 'string') throw invalid(`found ${describe(value)}`, rules);
  const uuid = parseUuid(value);
  if (uuid !== undefined) return uuid;
  if (rules.decimals === true && /^[0-9]{1,20}$/.test(value)) return checkRange(BigInt(value));
  if (rules.strings === true) return checkString(value);
  throw invalid(`found ${describe(value)}`, rules);
}

/** Whether a string already is a UUID in the form that parsePointId gives it. */
export function isCanonicalUuid(text: string): boolean {
  return text.length === 36 && CANONICAL_UUID.test(text);
}

/** Numbers before UUIDs before other strings; strings by code point. */
export function comparePointIds(a: PointId, b: PointId): number {
  const kind = kindOf(a) - kindOf(b);
  if (kind !== 0) return kind;
  if (a === b) return 0;
  if (typeof a === 'string' && typeof b === 'string') return compareCodePoints(a, b);
  return a < b ? -1 : 1;
}

const CANONICAL_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const ANY_UUID = /^(?:urn:uuid:)?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})$/;

// Hyphenated, simple, urn:uuid: and in braces, in either case; hyphens are all there or none is.
function parseUuid(text: string): string | undefined {
  if (text.length < 32 || text.length > 45) return undefined;
  if (isCanonicalUuid(text)) return text;
  const lower = text.toLowerCase();
  const bare = lower.startsWith('{') && lower.endsWith('}') ? lower.slice(1, -1) : lower;
  const parts = ANY_UUID.exec(bare)?.slice(1);
  if (parts === undefined) return undefined;
  const hyphenated = parts.join('-');
  return bare.endsWith(hyphenated) || bare.endsWith(parts.join('')) ? hyphenated : undefined;
}

function parseNumber(value: number): bigint {
  if (!Number.isInteger(value)) throw invalid(`found ${value}`, {});
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    throw invalid(`found the number ${value}, which JavaScript may have rounded; give it as a bigint`, {});
  }
  return checkRange(BigInt(value));
}

function checkRange(value: bigint): bigint {
  if (value >= 0n && value <= MAX_NUMBER_ID) return value;
  throw invalid(`found ${value}`, {});
}

function checkString(text: string): string {
  if (text.length === 0) throw invalid('found an empty string', { strings: true });
  if (!isWellFormed(text)) throw invalid('found a string with half of a surrogate pair', { strings: true });
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_STRING_ID_BYTES) {
    throw invalid(`found a string of ${bytes} bytes; at most ${MAX_STRING_ID_BYTES} are allowed`, { strings: true });
  }
  return text;
}

function kindOf(id: PointId): number {
  if (typeof id === 'bigint') return 0;
  return isCanonicalUuid(id) ? 1 : 2;
}

// JavaScript compares UTF-16 units, which puts code points past U+FFFF before U+E000; keys are UTF-8 and do not.
function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    if (a.charCodeAt(i) !== b.charCodeAt(i)) return unitRank(a.charCodeAt(i)) - unitRank(b.charCodeAt(i));
  }
  return a.length - b.length;
}

function unitRank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}

function describe(value: unknown): string {
  if (typeof value !== 'string') return value === null ? 'null' : `a value of type ${typeof value}`;
  return JSON.stringify(value.length > 64 ? `${value.slice(0, 64)}...` : value);
}

function invalid(found: string, rules: PointIdRules): VamanaError {
  const strings = rules.strings === true ? ' or any other string' : '';
  return new VamanaError(
    'INVALID_ARGUMENT',
    `point id: ${found}; expected a whole number from 0 to 2^64 - 1, a UUID${strings}`,
  );
}
