// Dead rows as LMDB holds them: one value for each chunk of 2^16 rows that has any. A chunk with few is a sorted
// list, a chunk with many is a bitmap, so that killing a row in a large collection rewrites some bytes and not
// 8 KiB. Functions from bytes to bytes; meta-store.ts reads and writes them.
//
//   up to 4095 rows: u16 little-endian each, ascending; otherwise 8192 bytes, bit r % 8 of byte r / 8
//   A value is valid iff it is 8192 bytes, or a strictly ascending list of 1 to 4095 rows.
import { VamanaError } from '../errors.js';

export const CHUNK_ROWS = 2 ** 16;

const BITMAP_BYTES = CHUNK_ROWS / 8;
const LIST_ROWS_MAX = 4095;

export function chunkOf(row: number): number {
  return Math.floor(row / CHUNK_ROWS);
}

/** One chunk, taken apart so that it can be asked and changed. */
export class DeadChunk {
  private constructor(
    private readonly bits: Uint8Array,
    private members: number,
  ) {}

  static empty(): DeadChunk {
    return new DeadChunk(new Uint8Array(BITMAP_BYTES), 0);
  }

  /** CORRUPT when the bytes break the rule above. */
  static decode(bytes: Uint8Array, chunk: number): DeadChunk {
    if (bytes.length === BITMAP_BYTES) return new DeadChunk(Uint8Array.from(bytes), countBits(bytes));
    const result = DeadChunk.empty();
    let last = -1;
    for (let at = 0; at + 1 < bytes.length; at += 2) {
      const row = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
      if (row <= last) throw corrupt(chunk, `row ${row} follows row ${last}`);
      result.add(row);
      last = row;
    }
    if (bytes.length === 0 || bytes.length !== 2 * result.members || result.members > LIST_ROWS_MAX) {
      throw corrupt(chunk, `${bytes.length} bytes`);
    }
    return result;
  }

  get count(): number {
    return this.members;
  }

  /** `row` may be the row itself or its place in the chunk. */
  has(row: number): boolean {
    const at = row % CHUNK_ROWS;
    return ((this.bits[at >> 3] as number) & (1 << (at & 7))) !== 0;
  }

  add(row: number): void {
    if (this.has(row)) return;
    const at = row % CHUNK_ROWS;
    this.bits[at >> 3] = (this.bits[at >> 3] as number) | (1 << (at & 7));
    this.members += 1;
  }

  remove(row: number): void {
    if (!this.has(row)) return;
    const at = row % CHUNK_ROWS;
    this.bits[at >> 3] = (this.bits[at >> 3] as number) & ~(1 << (at & 7));
    this.members -= 1;
  }

  /** Writes the rows, ascending, from `at` of `to` on. */
  writeRows(chunk: number, to: Uint32Array, at: number): void {
    let next = at;
    for (let byte = 0; byte < BITMAP_BYTES; byte += 1) {
      let bits = this.bits[byte] as number;
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits & -bits);
        to[next] = chunk * CHUNK_ROWS + byte * 8 + bit;
        next += 1;
        bits &= bits - 1;
      }
    }
  }

  /** A new array each time, which nothing changes afterwards; undefined when no row is dead. */
  encode(): Uint8Array | undefined {
    if (this.members === 0) return undefined;
    if (this.members > LIST_ROWS_MAX) return Uint8Array.from(this.bits);
    const rows = new Uint32Array(this.members);
    this.writeRows(0, rows, 0);
    const bytes = new Uint8Array(2 * rows.length);
    for (let i = 0; i < rows.length; i += 1) {
      bytes[2 * i] = (rows[i] as number) & 0xff;
      bytes[2 * i + 1] = (rows[i] as number) >> 8;
    }
    return bytes;
  }
}

/** The number of dead rows of an encoded chunk, without taking it apart. */
export function countDeadRows(bytes: Uint8Array): number {
  return bytes.length === BITMAP_BYTES ? countBits(bytes) : bytes.length >> 1;
}

function countBits(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) count += BITS[byte] as number;
  return count;
}

const BITS = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length);

function corrupt(chunk: number, found: string): VamanaError {
  return new VamanaError(
    'CORRUPT',
    `metadata: dead rows of chunk ${chunk}: found ${found}; expected ${BITMAP_BYTES} bytes, or an ascending list of ` +
      `1 to ${LIST_ROWS_MAX} rows`,
  );
}
