// Values of columns as a point has them: ids, and payloads of what JSON can say. Called by the readers of column formats.
import { parseExactJson } from '../payload/exact-json.js';
import { setOwn } from '../payload/payload-path.js';
import type { Payload, PointIdInput } from '../payload/point.js';
import { badVectorRow } from './faults.js';
import { type StoredElement, type VectorData, createVectorData } from './formats.js';
import { floatToHalf } from './half.js';
import { presentedElement } from './rows.js';

/** What a column of numbers may come as. In a Uint16Array of f16 the bits. */
export type NumberArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | readonly number[];

/** BAD_VECTOR_FILE, naming the row, for what is no id. */
export function idOf(path: string, row: number, value: unknown): PointIdInput {
  if (typeof value === 'bigint' || typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  const found = value === null || value === undefined ? 'no id' : `an id that is ${describe(value)}`;
  throw badVectorRow(path, row, `found ${found}; expected a whole number, exact, or a string`);
}

/** The same of a column that has one type for all: text of digits is a number there, as it is in lists of ids. */
export function typedIdOf(path: string, row: number, value: unknown): PointIdInput {
  return idOf(path, row, typeof value === 'string' && /^\d{1,20}$/.test(value) ? BigInt(value) : value);
}

/** An object, as it is or as JSON text; null for none. */
export function payloadOf(path: string, row: number, value: unknown): Payload | null {
  const found = typeof value === 'string' ? parseText(path, row, value) : value;
  if (found === null || found === undefined) return null;
  if (typeof found === 'object' && !Array.isArray(found)) return found as Payload;
  throw badVectorRow(path, row, `its payload is ${describe(found)}; expected a JSON object, or null for none`);
}

/** An object of columns; those without a value are left out, and null for a row without any. */
export function payloadFrom(members: readonly string[], read: (name: string) => unknown): Payload | null {
  const payload: Payload = {};
  for (const name of members) {
    const value = read(name);
    if (value !== undefined && value !== null) setOwn(payload, name, value);
  }
  return Object.keys(payload).length === 0 ? null : payload;
}

/** A value as JSON has it: bytes in base64, what is not finite as null, dates as RFC 3339. */
export function jsonValue(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array, jsonValue);
  if (Array.isArray(value)) return value.map(jsonValue);
  if (typeof value !== 'object') return value;
  const object: Payload = {};
  for (const [key, inner] of Object.entries(value)) setOwn(object, key, jsonValue(inner));
  return object;
}

/**
 * Appends numbers to rows that are read as `stored`. Those of another type must be exact in it: BAD_VECTOR_FILE, with
 * the row, for one that is not; a row is `dim` of them, the first is row `firstRow`.
 */
export function copyNumbers(
  { path, stored, dim }: { path: string; stored: StoredElement; dim: number },
  from: NumberArray,
  firstRow: number,
): VectorData {
  const to = createVectorData(presentedElement(stored), from.length);
  if (stored === 'f16' && from instanceof Uint16Array) to.set(from);
  else if (stored === 'f64' || from instanceof Float32Array) to.set(from as ArrayLike<number>);
  else if (stored === 'f16') for (let i = 0; i < from.length; i += 1) to[i] = floatToHalf(Number(from[i]));
  else {
    for (let i = 0; i < from.length; i += 1) {
      const value = Number(from[i]);
      to[i] = value;
      if (to[i] === value) continue;
      const place = `element ${i % dim} is ${from[i]}, which ${presentedElement(stored)} cannot hold exactly`;
      throw badVectorRow(path, firstRow + Math.floor(i / dim), `${place}; store it as floats`);
    }
  }
  return to;
}

function parseText(path: string, row: number, text: string): unknown {
  if (text.trim() === '') return null;
  try {
    return parseExactJson(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw badVectorRow(path, row, `its payload is no JSON: ${reason}`);
  }
}

export function describe(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : String(value);
}
