// Points as bytes instead of JSON, for those who load many: typed rows, a checksum, optional payloads. This is the
// authority on the format, of which FORMATS.md has an example in bytes that a test decodes. Integers are little-endian.
//
//   offset  size           type  meaning
//   0       8                    "vmpoints"
//   8       2              u16   format version, 1
//   10      1              u8    elements of vectors: 0 f32, 1 f16, 2 u8, 3 i8
//   11      1              u8    ids: 0 u64, 1 UUID (16 bytes in the order of its text)
//   12      1              u8    payloads: 0 none, 1 MessagePack
//   13      1              u8    0 upsert, 1 insert_only, 2 update_only
//   14      2                    zero
//   16      4              u32   rows
//   20      4              u32   dimension
//   24      4              u32   CRC-32 of all that follows the header
//   28      4                    zero
//   32      rows x 8, 16         ids
//           rows x dim x element vectors, row after row
//           rows x 4       u32   with payloads: the length of each, 0 for none
//                                with payloads: the payloads, a MessagePack map each, one behind the other
//
// A body is valid iff all of this holds, and it ends there.
import { crc32 } from 'node:zlib';
import { decodePayload } from '../payload/payload-codec.js';
import type { Payload, PointId } from '../payload/point.js';
import { elementBytes } from '../source/formats.js';
import type { VectorInput } from '../write/vector-input.js';
import type { PointInput, UpdateMode } from '../write/write-batch.js';
import { badRequest, type WireError } from './wire-error.js';

export const BINARY_HEADER_BYTES = 32;

const MAGIC = 'vmpoints';
const VERSION = 1;
const ELEMENTS = ['f32', 'f16', 'u8', 'i8'] as const;
const ID_BYTES = [8, 16] as const;
const MODES: readonly UpdateMode[] = ['upsert', 'insert_only', 'update_only'];

export interface BinaryPoints {
  points: PointInput[];
  mode: UpdateMode;
}

interface Header {
  element: (typeof ELEMENTS)[number];
  idBytes: (typeof ID_BYTES)[number];
  hasPayloads: boolean;
  mode: UpdateMode;
  rows: number;
  dim: number;
  crc: number;
}

/** What of a body lies where. */
interface Layout extends Header {
  vectorsAt: number;
  lengthsAt: number;
  payloadsAt: number;
}

/** 400, with the offset, for what is none; vectors are views of `bytes`, and are not looked into. */
export function readBinaryPoints(bytes: Uint8Array, limits: { points: number; dim: number }): BinaryPoints {
  const view = viewOfBytes(bytes);
  const { element, idBytes, hasPayloads, rows, dim, mode, vectorsAt, lengthsAt, payloadsAt } = readLayout(
    bytes,
    limits,
  );
  const payloads = hasPayloads ? new Payloads(bytes, view, lengthsAt, payloadsAt) : null;
  const points: PointInput[] = [];
  for (let row = 0; row < rows; row += 1) {
    const id = readBinaryId(view, BINARY_HEADER_BYTES + row * idBytes, idBytes);
    const vector = readRow(bytes, vectorsAt + row * dim * elementBytes(element), element, dim);
    const payload = payloads?.next(row);
    points.push({ id, vector, ...(payload === undefined ? {} : { payload }) });
  }
  const end = payloads?.end ?? payloadsAt;
  if (end !== bytes.length) throw wrong(end, `${bytes.length - end} bytes more, expected the end`);
  return { points, mode };
}

/**
 * Rows of floats without payloads, as columns: views of `bytes`, which are not copied. Undefined where there is more to
 * do than that. 400 as above.
 */
export function readFloatColumns(
  bytes: Uint8Array,
  limits: { points: number; dim: number },
): { ids: BigUint64Array; vectors: Float32Array; mode: UpdateMode } | undefined {
  const { element, idBytes, hasPayloads, rows, dim, mode, vectorsAt, payloadsAt } = readLayout(bytes, limits);
  if (element !== 'f32' || idBytes !== 8 || hasPayloads || bytes.byteOffset % 8 !== 0) return undefined;
  if (bytes.length !== payloadsAt) return undefined;
  const { buffer, byteOffset } = bytes;
  const ids = new BigUint64Array(buffer as ArrayBuffer, byteOffset + BINARY_HEADER_BYTES, rows);
  return { ids, vectors: new Float32Array(buffer as ArrayBuffer, byteOffset + vectorsAt, rows * dim), mode };
}

function readLayout(bytes: Uint8Array, limits: { points: number; dim: number }): Layout {
  const header = readHeader(viewOfBytes(bytes), limits);
  const { element, idBytes, hasPayloads, rows, dim } = header;
  const vectorsAt = BINARY_HEADER_BYTES + rows * idBytes;
  const lengthsAt = vectorsAt + rows * dim * elementBytes(element);
  const payloadsAt = lengthsAt + (hasPayloads ? 4 * rows : 0);
  if (bytes.length < payloadsAt) throw wrong(bytes.length, `the end, expected ${payloadsAt} bytes or more`);
  const found = crc32(bytes.subarray(BINARY_HEADER_BYTES));
  if (found !== header.crc) throw wrong(24, `the CRC-32 ${header.crc}, expected ${found}, that of what follows`);
  return { ...header, vectorsAt, lengthsAt, payloadsAt };
}

function viewOfBytes({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length);
}

function readHeader(view: DataView, limits: { points: number; dim: number }): Header {
  if (view.byteLength < BINARY_HEADER_BYTES) throw wrong(view.byteLength, 'the end, expected a header of 32 bytes');
  const magic = Buffer.from(view.buffer, view.byteOffset, MAGIC.length).toString('latin1');
  if (magic !== MAGIC) throw wrong(0, `${JSON.stringify(magic)}, expected ${MAGIC}`);
  const version = view.getUint16(8, true);
  if (version !== VERSION) throw wrong(8, `version ${version}, expected ${VERSION}`);
  const zero = view.getUint16(14, true) === 0 && view.getUint32(28, true) === 0;
  if (!zero) throw wrong(14, 'bits that have no meaning, expected zeros at 14 and 28');
  const payloads = choice(view, 12, ['no', 'yes'] as const);
  const header = {
    element: choice(view, 10, ELEMENTS),
    idBytes: choice(view, 11, ID_BYTES),
    hasPayloads: payloads === 'yes',
    mode: choice(view, 13, MODES),
    rows: view.getUint32(16, true),
    dim: view.getUint32(20, true),
    crc: view.getUint32(24, true),
  };
  if (header.rows > limits.points) throw wrong(16, `${header.rows} rows, at most ${limits.points} in one request`);
  if (header.dim !== limits.dim) throw wrong(20, `dimension ${header.dim}, expected ${limits.dim}`);
  return header;
}

function choice<T>(view: DataView, offset: number, choices: readonly T[]): T {
  const found = view.getUint8(offset);
  const chosen = choices[found];
  if (chosen === undefined) throw wrong(offset, `${found}, expected 0 to ${choices.length - 1}`);
  return chosen;
}

function readBinaryId(view: DataView, offset: number, bytes: number): PointId {
  if (bytes === 8) return view.getBigUint64(offset, true);
  const hex = Buffer.from(view.buffer, view.byteOffset + offset, bytes).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

// In place where the address allows it, as it does in a body that was read into a buffer of its own.
function readRow(bytes: Uint8Array, offset: number, element: Header['element'], dim: number): VectorInput {
  const address = bytes.byteOffset + offset;
  const size = dim * elementBytes(element);
  if (address % elementBytes(element) === 0) return viewOf(element, dim, bytes.buffer as ArrayBuffer, address);
  const copy = Uint8Array.from(bytes.subarray(offset, offset + size));
  return viewOf(element, dim, copy.buffer as ArrayBuffer, copy.byteOffset);
}

const VIEWS = { f32: Float32Array, f16: Uint16Array, u8: Uint8Array, i8: Int8Array } as const;

function viewOf(element: Header['element'], dim: number, buffer: ArrayBuffer, offset: number): VectorInput {
  return new VIEWS[element](buffer, offset, dim);
}

class Payloads {
  /** Of what was read so far. */
  end: number;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly view: DataView,
    private readonly lengthsAt: number,
    payloadsAt: number,
  ) {
    this.end = payloadsAt;
  }

  next(row: number): Payload | undefined {
    const length = this.view.getUint32(this.lengthsAt + 4 * row, true);
    if (length === 0) return undefined;
    const begin = this.end;
    this.end += length;
    if (this.end > this.bytes.length)
      throw wrong(begin, `the end, expected a payload of ${length} bytes for row ${row}`);
    try {
      return decodePayload(this.bytes.subarray(begin, this.end));
    } catch {
      throw wrong(begin, `no MessagePack map in the ${length} bytes of row ${row}`);
    }
  }
}

function wrong(offset: number, found: string): WireError {
  return badRequest(`the body at byte ${offset}: found ${found}`);
}
