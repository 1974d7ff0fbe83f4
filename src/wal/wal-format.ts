// The authority on the bytes of the write-ahead log: a folder of segments `wal/<first seq>.wal`, each a header and
// frames behind it without gaps. Integers are little-endian unless they are msgpack's. Here are offsets, encoding
// and the check of one header or frame; what a whole log means is said in wal-reader.ts, ops in op-codec.ts.
//
// Header, 64 bytes
//   offset  size  type   meaning
//   0       8     bytes  "VAMANWAL"
//   8       4     u32    format version, 1
//   12      4     u32    zero
//   16      16    bytes  uuid of the collection
//   32      8     u64    first sequence number: of the first record here, and the file's name
//   40      20    bytes  zero
//   60      4     u32    CRC-32 of bytes 0..59
//
// Frame, 36 bytes and a body
//   0       4     bytes  "WALR" a record, "WALM" a mark
//   4       4     u32    bytes of the body; 0 in a mark
//   8       8     u64    sequence number of the record; in a mark, of the last record before it
//   16      8     u64    synced: every record up to this one was durable when the frame was written
//   24      4     u32    CRC-32 of the body
//   28      4     u32    the CRC at 32 of the frame before; in the first frame the header's at 60
//   32      4     u32    CRC-32 of bytes 0..31, begun with seed XOR the frame's offset in the file (mod 2^32), where
//                        seed is the CRC-32 of the header's bytes 16..39, which uuid and file name tell as well
//   36      n     bytes  body: the record's ops in msgpack
//
// A header is valid iff all of it is as above and its CRC holds. A frame is whole iff its four first bytes are one of
// the two, both CRCs hold and the body ends within the file. It is valid iff it is whole, bytes 28..31 name the frame
// before it, and the sequence number is one more than that of the record before (a mark's: the same).
//
// Why so. The CRC depends on file and place, so bytes that happen to be a frame of another log, stored as a payload
// say, are no frame here; and a damaged header takes no record with it. The chain keeps out what a cut tail left on
// the disk. `synced` tells a torn tail from damage: see wal-reader.ts. A mark says the same without a record: one is
// written at closing, so that damage to a log closed properly is always found.
//
// Example: collection 0f0e0d0c-0b0a-4908-8706-050403020100, first sequence number 1, one record that puts the point 7
// as row 0 with a vector of four bytes and the payload {"n": 5}; then the mark of closing.
//
//   0    56 41 4d 41 4e 57 41 4c  01 00 00 00 00 00 00 00  magic, version 1
//   16   0f 0e 0d 0c 0b 0a 49 08  87 06 05 04 03 02 01 00  uuid
//   32   01 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  first sequence number 1
//   48   00 00 00 00 00 00 00 00  00 00 00 00 e1 0a 73 69  CRC of the header
//   64   57 41 4c 52  1a 00 00 00  01 00 00 00 00 00 00 00  "WALR", a body of 26 bytes, record 1
//   80   00 00 00 00 00 00 00 00  69 e5 b7 71              synced 0, CRC of the body
//   92   e1 0a 73 69  d3 23 37 d5                          CRC of the header, CRC of this frame
//   100  91 96 01 d3 00 00 00 00 00 00 00 07 00 c0         one op of six: put, id 7, row 0, no row replaced
//   114  c4 04 01 02 03 04 c4 04 81 a1 6e 05               the vector, the payload: a map of one, "n": 5
//   126  57 41 4c 4d  00 00 00 00  01 00 00 00 00 00 00 00  "WALM", no body, after record 1
//   142  01 00 00 00 00 00 00 00  00 00 00 00              synced 1, CRC of no bytes
//   154  d3 23 37 d5  7b 40 3b 5f                          CRC of the frame before, CRC of this frame
import { crc32 } from 'node:zlib';

export const WAL_FORMAT_VERSION = 1;
export const HEADER_BYTES = 64;
export const FRAME_BYTES = 36;

/** A body is one buffer and one allocation of the reader; a batch this large was a mistake. */
export const MAX_BODY_BYTES = 256 * 1024 * 1024;

/** What every frame begins with, whatever its kind: damage is searched for the next one. */
export const FRAME_MAGIC = Buffer.from('WAL', 'latin1');

const HEADER_MAGIC = Buffer.from('VAMANWAL', 'latin1');
const RECORD = 'R'.charCodeAt(0);
const MARK = 'M'.charCodeAt(0);

/** Which file a frame belongs to: the collection's uuid, and the first sequence number, which is the file's name. */
export interface SegmentIdentity {
  readonly collection: string;
  readonly firstSeq: number;
}

export interface Frame {
  readonly kind: 'record' | 'mark';
  readonly offset: number;
  readonly bodyBytes: number;
  readonly seq: number;
  readonly synced: number;
  readonly bodyCrc: number;
  /** CRC of the frame before, or the header's. */
  readonly chain: number;
  /** The frame's own, which the next one names. */
  readonly crc: number;
}

/** The offset behind a frame. */
export function frameEnd(frame: Frame): number {
  return frame.offset + FRAME_BYTES + frame.bodyBytes;
}

export interface EncodedHeader {
  bytes: Buffer;
  crc: number;
}

export function encodeHeader(identity: SegmentIdentity): EncodedHeader {
  const bytes = Buffer.alloc(HEADER_BYTES);
  HEADER_MAGIC.copy(bytes, 0);
  bytes.writeUInt32LE(WAL_FORMAT_VERSION, 8);
  identityBytes(identity).copy(bytes, 16);
  const crc = crc32(bytes.subarray(0, 60));
  bytes.writeUInt32LE(crc, 60);
  return { bytes, crc };
}

export interface HeaderProblem {
  readonly code: 'CORRUPT' | 'TOO_NEW';
  readonly offset: number;
  readonly problem: string;
  /** The bytes are as some program wrote them: only this reader has no use for them. */
  readonly whole: boolean;
}

/** What is wrong with the 64 bytes as the header of this file; null when nothing is. */
export function headerProblem(bytes: Buffer, identity: SegmentIdentity): HeaderProblem | null {
  const damaged = (offset: number, problem: string): HeaderProblem => {
    return { code: 'CORRUPT', offset, problem, whole: false };
  };
  const foreign = (offset: number, problem: string): HeaderProblem => ({ ...damaged(offset, problem), whole: true });
  if (bytes.length < HEADER_BYTES) return damaged(0, `${bytes.length} bytes, expected a header of ${HEADER_BYTES}`);
  if (!bytes.subarray(0, 8).equals(HEADER_MAGIC)) {
    return damaged(0, `found ${bytes.toString('hex', 0, 8)}, expected the magic ${HEADER_MAGIC.toString('hex')}`);
  }
  if (bytes.readUInt32LE(60) !== crc32(bytes.subarray(0, 60)))
    return damaged(60, "the header's checksum does not hold");
  const version = bytes.readUInt32LE(8);
  if (version > WAL_FORMAT_VERSION) {
    const problem = `format version ${version}; this program reads up to ${WAL_FORMAT_VERSION}, use a later one`;
    return { code: 'TOO_NEW', offset: 8, problem, whole: true };
  }
  const expected = encodeHeader(identity).bytes;
  if (bytes.equals(expected)) return null;
  if (!bytes.subarray(16, 32).equals(expected.subarray(16, 32))) {
    return foreign(16, `it belongs to collection ${bytes.toString('hex', 16, 32)}, not to ${identity.collection}`);
  }
  return foreign(8, `it is not the header of version ${WAL_FORMAT_VERSION} that begins at ${identity.firstSeq}`);
}

/** What the CRCs of a file's frames begin with. */
export function frameSeed(identity: SegmentIdentity): number {
  return crc32(identityBytes(identity));
}

/** Fills in the frame at the start of `bytes`, whose body stands behind it already; returns the frame's CRC. */
export function encodeFrame(bytes: Buffer, seed: number, frame: Omit<Frame, 'crc' | 'bodyCrc' | 'bodyBytes'>): number {
  FRAME_MAGIC.copy(bytes, 0);
  bytes[3] = frame.kind === 'record' ? RECORD : MARK;
  bytes.writeUInt32LE(bytes.length - FRAME_BYTES, 4);
  bytes.writeBigUInt64LE(BigInt(frame.seq), 8);
  bytes.writeBigUInt64LE(BigInt(frame.synced), 16);
  bytes.writeUInt32LE(crc32(bytes.subarray(FRAME_BYTES)), 24);
  bytes.writeUInt32LE(frame.chain, 28);
  const crc = crc32(bytes.subarray(0, 32), placeSeed(seed, frame.offset));
  bytes.writeUInt32LE(crc, 32);
  return crc;
}

/** The frame whose 36 bytes these are, or null where there is none. Says nothing about its body or neighbours. */
export function decodeFrame(bytes: Buffer, seed: number, offset: number): Frame | null {
  if (bytes.length < FRAME_BYTES || bytes[0] !== FRAME_MAGIC[0]) return null;
  const crc = bytes.readUInt32LE(32);
  if (crc !== crc32(bytes.subarray(0, 32), placeSeed(seed, offset))) return null;
  const bodyBytes = bytes.readUInt32LE(4);
  const seq = Number(bytes.readBigUInt64LE(8));
  const synced = Number(bytes.readBigUInt64LE(16));
  const kind = frameKind(bytes);
  if (kind === null || !Number.isSafeInteger(seq) || synced > seq || bodyBytes > MAX_BODY_BYTES) return null;
  return { kind, offset, bodyBytes, seq, synced, bodyCrc: bytes.readUInt32LE(24), chain: bytes.readUInt32LE(28), crc };
}

export function bodyHolds(frame: Frame, body: Buffer): boolean {
  return body.length === frame.bodyBytes && crc32(body) === frame.bodyCrc;
}

function frameKind(bytes: Buffer): Frame['kind'] | null {
  if (FRAME_MAGIC.compare(bytes, 0, 3) !== 0) return null;
  if (bytes[3] === RECORD) return 'record';
  return bytes[3] === MARK ? 'mark' : null;
}

function placeSeed(seed: number, offset: number): number {
  return (seed ^ (offset % 2 ** 32)) >>> 0;
}

// Bytes 16..39 of the header.
function identityBytes({ collection, firstSeq }: SegmentIdentity): Buffer {
  const bytes = Buffer.alloc(24);
  bytes.write(collection.replaceAll('-', ''), 0, 16, 'hex');
  bytes.writeBigUInt64LE(BigInt(firstSeq), 16);
  return bytes;
}
