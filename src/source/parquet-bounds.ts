// Looks at the values of a Parquet page without decoding them: that every length and count in them stays inside the page.
// The package that decodes them afterwards bounds them by nothing, reads on into the next page, or goes on for ever.
// Numbers in delta encoding are unpacked here for parquet-pages.ts too, which calls this.
import type { ColumnMetaData, Encoding, SchemaElement } from 'hyparquet';
import { WINDOW_BYTES_MAX } from '../limits.js';
import { readHybrid } from './parquet-levels.js';

/** Of the package hyparquet; it neither ends for a block of a negative size nor notices one. */
export type UnpackDeltas = (
  reader: { view: DataView; offset: number },
  count: number,
  to: Int32Array | BigInt64Array,
) => void;

export interface PageBody {
  type: ColumnMetaData['type'];
  element: SchemaElement;
  encoding: Encoding;
  /** Values that are not null. */
  count: number;
  /** Of the chunk's dictionary; undefined without one. */
  dictionaryEntries: number | undefined;
}

/** Throws Error where the values do not lie in the page, whole. */
export function checkValues(body: Uint8Array, page: PageBody, unpack: UnpackDeltas): void {
  const { encoding, count, type, element } = page;
  switch (encoding) {
    case 'PLAIN':
      if (type === 'BYTE_ARRAY') checkLengths(body, count);
      else checkWidth(body, count, bitsOf(type, element));
      return;
    case 'BYTE_STREAM_SPLIT':
      checkWidth(body, count, bitsOf(type, element));
      return;
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY':
      checkEntries(body, count, page.dictionaryEntries);
      return;
    case 'RLE':
      // Booleans: their length, then runs.
      if (count > 0) readHybrid(body.subarray(4), 1, new Uint8Array(count));
      return;
    case 'DELTA_BINARY_PACKED':
      unpackDeltas(body, 0, type === 'INT32' ? new Int32Array(count) : new BigInt64Array(count), unpack);
      return;
    case 'DELTA_LENGTH_BYTE_ARRAY':
    case 'DELTA_BYTE_ARRAY':
      checkDeltaLengths(body, count, encoding === 'DELTA_BYTE_ARRAY', unpack);
      return;
    default:
      throw new Error(`its encoding ${encoding} is not known`);
  }
}

/** Returns where they end. */
export function unpackDeltas(
  body: Uint8Array,
  at: number,
  to: Int32Array | BigInt64Array,
  unpack: UnpackDeltas,
): number {
  if (to.length === 0) return at;
  const [blockValues, afterBlock] = varintAt(body, at);
  const [miniblocks] = varintAt(body, afterBlock);
  if (!(blockValues > 0 && miniblocks > 0 && blockValues % miniblocks === 0 && (blockValues / miniblocks) % 8 === 0)) {
    throw new Error(`delta blocks of ${blockValues} values in ${miniblocks} parts`);
  }
  const reader = { view: new DataView(body.buffer, body.byteOffset, body.byteLength), offset: at };
  unpack(reader, to.length, to);
  return reader.offset;
}

function checkEntries(body: Uint8Array, count: number, entriesMax: number | undefined): void {
  if (entriesMax === undefined) throw new Error('its values are entries of a dictionary that is not there');
  if (count === 0) return;
  const entries = readHybrid(body.subarray(1), body[0] ?? 0, new Uint32Array(count));
  for (const entry of entries) {
    if (entry >= entriesMax) throw new Error(`entry ${entry} of a dictionary of ${entriesMax}`);
  }
}

function checkLengths(body: Uint8Array, count: number): void {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  let at = 0;
  for (let i = 0; i < count; i += 1) {
    if (at + 4 > body.length) throw new Error(`value ${i} of ${count} lies past its end`);
    at += 4 + view.getUint32(at, true);
  }
  if (at > body.length) throw new Error(`${at} bytes of values in ${body.length}`);
}

function checkWidth(body: Uint8Array, count: number, bits: number): void {
  const bytes = Math.ceil((count * bits) / 8);
  if (!(bytes <= body.length)) throw new Error(`${bytes} bytes of values in ${body.length}`);
}

function bitsOf(type: PageBody['type'], { type_length }: SchemaElement): number {
  switch (type) {
    case 'BOOLEAN':
      return 1;
    case 'INT32':
    case 'FLOAT':
      return 32;
    case 'INT64':
    case 'DOUBLE':
      return 64;
    case 'INT96':
      return 96;
    case 'FIXED_LEN_BYTE_ARRAY':
      if (Number.isInteger(type_length) && (type_length as number) > 0) return (type_length as number) * 8;
      throw new Error(`fixed values of ${type_length} bytes`);
    default:
      throw new Error(`values of type ${type} have no fixed width`);
  }
}

// Lengths first, then the bytes; with prefixes, each value begins with so many bytes of the one before.
function checkDeltaLengths(body: Uint8Array, count: number, hasPrefixes: boolean, unpack: UnpackDeltas): void {
  const prefixes = new Int32Array(hasPrefixes ? count : 0);
  const lengths = new Int32Array(count);
  let at = unpackDeltas(body, unpackDeltas(body, 0, prefixes, unpack), lengths, unpack);
  let before = 0;
  let made = 0;
  for (let i = 0; i < count; i += 1) {
    const length = lengths[i] as number;
    const prefix = prefixes[i] ?? 0;
    at += length;
    if (length < 0 || prefix < 0 || prefix > before || at > body.length) {
      throw new Error(`value ${i} of ${count} has ${length} bytes after ${prefix} of the one before`);
    }
    before = prefix + length;
    made += before;
  }
  if (made > WINDOW_BYTES_MAX) throw new Error(`its values have ${made} bytes; at most ${WINDOW_BYTES_MAX} are read`);
}

/** The number, and where it ends. */
function varintAt(body: Uint8Array, start: number): [value: number, end: number] {
  let value = 0;
  for (let i = 0; i < 4; i += 1) {
    const next = body[start + i];
    if (next === undefined) throw new Error('deltas are cut off');
    value += (next & 0x7f) * 2 ** (7 * i);
    if (next < 0x80) return [value, start + i + 1];
  }
  throw new Error('a delta block of 2^28 values or more');
}
