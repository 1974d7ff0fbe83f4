// Bytes of a Parquet page as numbers of the leaf's physical type. Called by parquet-pages.ts.
import type { SchemaElement } from 'hyparquet';
import { readHybrid } from './parquet-levels.js';

/** In a Uint16Array the bits of half floats. */
export type PageValues = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint16Array;

/** Bytes of a value; fixed ones are half floats. */
export function widthOf(type: SchemaElement['type']): number {
  if (type === 'FLOAT' || type === 'INT32') return 4;
  return type === 'FIXED_LEN_BYTE_ARRAY' ? 2 : 8;
}

/** Always a copy: the bytes may be a mapping that ends with the page. Throws Error where there are too few. */
export function copyOf(body: Uint8Array, bytes: number): Uint8Array {
  if (bytes > body.length) throw new Error(`${bytes} bytes of values in ${body.length}`);
  const copy = new Uint8Array(bytes);
  copy.set(body.subarray(0, bytes));
  return copy;
}

/** Of the encoding BYTE_STREAM_SPLIT: byte b of all values lies together. */
export function joinStreams(body: Uint8Array, count: number, width: number): Uint8Array {
  if (count * width > body.length) throw new Error(`${count * width} bytes of values in ${body.length}`);
  const bytes = new Uint8Array(count * width);
  for (let b = 0; b < width; b += 1) {
    for (let i = 0; i < count; i += 1) bytes[i * width + b] = body[b * count + i] as number;
  }
  return bytes;
}

/** `bytes` begin their buffer. */
export function asNumbers(type: SchemaElement['type'], bytes: Uint8Array): PageValues {
  const { buffer } = bytes;
  if (type === 'FLOAT') return new Float32Array(buffer);
  if (type === 'DOUBLE') return new Float64Array(buffer);
  if (type === 'INT32') return new Int32Array(buffer);
  return type === 'INT64' ? new BigInt64Array(buffer) : new Uint16Array(buffer);
}

/** `count` entries of a dictionary; `body` begins with the bits each takes. Throws Error. */
export function lookUp(
  type: SchemaElement['type'],
  dictionary: PageValues | undefined,
  body: Uint8Array,
  count: number,
): PageValues {
  if (dictionary === undefined) throw new Error('its values are entries of a dictionary that is not there');
  const to = asNumbers(type, new Uint8Array(count * dictionary.BYTES_PER_ELEMENT));
  if (count === 0) return to;
  const entries = readHybrid(body.subarray(1), body[0] ?? 0, new Uint32Array(count));
  for (let i = 0; i < count; i += 1) {
    const entry = entries[i] as number;
    if (entry >= dictionary.length) throw new Error(`entry ${entry} of a dictionary of ${dictionary.length}`);
    to[i] = dictionary[entry] as never;
  }
  return to;
}
