// How field indexes lie in the metadata: which there are (`fields`), what was stored of each (`columns`), and the rows
// whose payloads changed since (`touched`). FORMATS.md has the bytes. Reading goes through MetaSnapshot, writing through
// MetaStore; what the pages hold is the business of src/field.
//
// What is stored of an index is as of one record. A row that was assigned later is not in it, a row that died since is to
// be left out, and one whose payload changed since is among the touched; with these three it is brought up to date from
// the payloads of a few rows.
import { crc32 } from 'node:zlib';
import { VamanaError } from '../errors.js';
import type { StoredIndex } from '../field/field-index.js';
import { type FieldSchema, resolveFieldSchema } from '../field/field-schema.js';
import { readSafe, writeSafe } from './meta-tables.js';

export interface FieldDefinition {
  /** Above those of all indexes that were there when it was made. */
  id: number;
  /** The path into payloads. */
  key: string;
  schema: FieldSchema;
}

/** An index as of one record. */
export interface StoredField extends StoredIndex {
  seq: number;
  /** Rows from this one on came later. */
  nextRow: number;
}

/** What is to be stored of an index: its sets, and pages that changed; undefined for one that is empty now. */
export interface FieldUpdate {
  id: number;
  sets: Uint8Array;
  pages: { part: number; page: number; bytes: Uint8Array | undefined }[];
}

/** The part that has the sets of an index. */
const HEAD_PART = 255;
const HEAD_BYTES = 16;
const KEY_BYTES = 9;
const CRC_BYTES = 4;

export function encodeFieldKey(id: number): Uint8Array {
  const key = Buffer.alloc(4);
  key.writeUInt32BE(id);
  return key;
}

export function encodeDefinition({ key, schema }: FieldDefinition): Uint8Array {
  return Buffer.from(JSON.stringify({ key, schema }));
}

/** CORRUPT for what is no definition. */
export function decodeDefinition(fieldKey: Uint8Array, bytes: Uint8Array): FieldDefinition {
  const id = fieldKey.length === 4 ? viewOf(fieldKey).readUInt32BE(0) : Number.NaN;
  try {
    const { key, schema } = JSON.parse(viewOf(bytes).toString()) as { key: string; schema: FieldSchema };
    if (Number.isNaN(id) || typeof key !== 'string') throw new TypeError(`found ${viewOf(bytes).toString()}`);
    return { id, key, schema: resolveFieldSchema(key, schema) };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new VamanaError('CORRUPT', `metadata: the definition of field index ${id} cannot be read: ${reason}`, {
      cause,
    });
  }
}

export function encodeColumnKey(id: number, part: number, page: number): Uint8Array {
  const key = Buffer.alloc(KEY_BYTES);
  key.writeUInt32BE(id, 0);
  key.writeUInt8(part, 4);
  key.writeUInt32BE(page, 5);
  return key;
}

/** All keys of one index. */
export function columnRange(id: number): { start: Uint8Array; end: Uint8Array } {
  return { start: encodeColumnKey(id, 0, 0), end: encodeColumnKey(id + 1, 0, 0) };
}

/** The value of `touched`: the record that changed the payload. */
export function encodeTouched(seq: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  writeSafe(bytes, seq, 0);
  return bytes;
}

export function headKey(id: number): Uint8Array {
  return encodeColumnKey(id, HEAD_PART, 0);
}

export function encodeHead(seq: number, nextRow: number, sets: Uint8Array): Uint8Array {
  const head = Buffer.alloc(HEAD_BYTES);
  writeSafe(head, seq, 0);
  writeSafe(head, nextRow, 8);
  return sealColumn(Buffer.concat([head, sets]));
}

/** With a checksum in front: LMDB has none. */
export function sealColumn(bytes: Uint8Array): Uint8Array {
  const sealed = Buffer.allocUnsafe(CRC_BYTES + bytes.length);
  sealed.writeUInt32LE(crc32(bytes), 0);
  sealed.set(bytes, CRC_BYTES);
  return sealed;
}

/** The entries of one index. Undefined where none was stored; CORRUPT. */
export function decodeColumns(
  id: number,
  entries: Iterable<{ key: Uint8Array; value: Uint8Array }>,
): StoredField | undefined {
  const pages = new Map<number, Map<number, Uint8Array>>();
  let head: Uint8Array | undefined;
  for (const { key, value } of entries) {
    const view = viewOf(key);
    if (view.length !== KEY_BYTES) throw new VamanaError('CORRUPT', `metadata: a column key of ${view.length} bytes`);
    const [part, page] = [view.readUInt8(4), view.readUInt32BE(5)];
    const bytes = openColumn(value, id, part, page);
    if (part === HEAD_PART) head = bytes;
    else if (pages.get(part)?.set(page, bytes) === undefined) pages.set(part, new Map([[page, bytes]]));
  }
  if (head === undefined) return undefined;
  const view = viewOf(head);
  if (view.length < HEAD_BYTES) throw corrupt(id, HEAD_PART, 0, `has ${view.length} bytes, too few`);
  return { seq: readSafe(view, 0), nextRow: readSafe(view, 8), sets: view.subarray(HEAD_BYTES), pages };
}

function openColumn(sealed: Uint8Array, id: number, part: number, page: number): Uint8Array {
  const view = viewOf(sealed);
  if (view.length < CRC_BYTES) throw corrupt(id, part, page, `has ${view.length} bytes, too few`);
  const bytes = view.subarray(CRC_BYTES);
  const found = crc32(bytes);
  const expected = view.readUInt32LE(0);
  if (found === expected) return bytes;
  throw corrupt(id, part, page, `has checksum ${found.toString(16)}, expected ${expected.toString(16)}`);
}

function corrupt(id: number, part: number, page: number, what: string): VamanaError {
  const where = `metadata: part ${part}, page ${page} of field index ${id}`;
  return new VamanaError('CORRUPT', `${where} ${what}; run vamana verify --repair, which builds the index again`);
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
