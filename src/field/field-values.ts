// The values of a payload at a field, as conditions and indexes see them. Both take them from here, so that they agree.
// Not here: what a condition makes of the values (src/filter/match-condition.ts), nor how an index keeps them.
import { getAtPath, type PayloadPath } from '../payload/payload-path.js';
import type { Payload } from '../payload/point.js';
import type { MatchValue } from './field-condition.js';

export interface FieldValues {
  /** What stands at the path; of an array its elements, which may be arrays again and then equal nothing. */
  readonly values: readonly unknown[];
  /** Nothing stands there, or nothing but null and empty arrays. An array that holds a null is not empty. */
  readonly isEmpty: boolean;
}

const NOTHING: FieldValues = { values: [], isEmpty: true };
const NULL: FieldValues = { values: [null], isEmpty: true };

export function fieldValues(payload: Payload | null, path: PayloadPath): FieldValues {
  if (payload === null) return NOTHING;
  const [first] = path;
  if (path.length === 1 && first?.kind === 'key') {
    return Object.hasOwn(payload, first.key) ? valuesOf(payload[first.key]) : NOTHING;
  }
  const found = getAtPath(payload, path);
  if (found.length === 0) return NOTHING;
  if (found.length === 1) return valuesOf(found[0]);
  return { values: found.flat(), isEmpty: found.every((value) => valuesOf(value).isEmpty) };
}

function valuesOf(value: unknown): FieldValues {
  if (Array.isArray(value)) return value.length === 0 ? NOTHING : { values: value, isEmpty: false };
  return value === null ? NULL : { values: [value], isEmpty: false };
}

/**
 * Numbers that are equal made one: a whole number past 2^53 is a bigint, any other a number, and 0 has no sign. A Set
 * or Map of the results finds what is equal. Undefined for what can be matched with nothing.
 */
export function matchValueOf(value: unknown): MatchValue | undefined {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) return BigInt(value);
    return value === 0 ? 0 : value;
  }
  if (typeof value !== 'bigint') return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
