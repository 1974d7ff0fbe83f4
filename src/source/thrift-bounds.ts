// Goes over a struct in thrift's compact protocol without keeping anything of it. The package that reads footers, page
// headers and indexes of Parquet files trusts every length and count in them; what passes here leads it nowhere outside
// the bytes, and into no loop. Called by parquet-reader.ts, parquet-pages.ts and parquet-chunks.ts.

/** Parquet nests half as deep at most. */
const DEPTH_MAX = 16;

const STOP = 0;
const TRUE = 1;
const FALSE = 2;
const BYTE = 3;
const I16 = 4;
const I32 = 5;
const I64 = 6;
const DOUBLE = 7;
const BINARY = 8;
const LIST = 9;
const STRUCT = 12;

/** Bytes of a varint of 32 bits, and of 64. */
const SHORT = 5;
const LONG = 10;

/** The length of the struct that `bytes` begin with. Throws Error where it is cut off or no struct. */
export function thriftStructBytes(bytes: Uint8Array): number {
  const walk = new Walk(bytes);
  walk.struct(0);
  return walk.at;
}

class Walk {
  at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  struct(depth: number): void {
    if (depth > DEPTH_MAX) throw new Error(`structs nested more than ${DEPTH_MAX} deep`);
    for (;;) {
      const field = this.byte();
      const type = field & 0x0f;
      if (type === STOP) return;
      if (field >> 4 === 0) this.varint(SHORT);
      // The value of a boolean is its type.
      if (type !== TRUE && type !== FALSE) this.element(type, depth);
    }
  }

  private element(type: number, depth: number): void {
    switch (type) {
      case TRUE:
      case FALSE:
      case BYTE:
        this.skip(1);
        return;
      case I16:
      case I32:
        this.varint(SHORT);
        return;
      case I64:
        this.varint(LONG);
        return;
      case DOUBLE:
        this.skip(8);
        return;
      case BINARY:
        this.skip(this.varint(SHORT));
        return;
      case LIST:
        this.list(depth);
        return;
      case STRUCT:
        this.struct(depth + 1);
        return;
      default:
        throw new Error(`a field of type ${type}, which Parquet does not use`);
    }
  }

  private list(depth: number): void {
    const head = this.byte();
    const length = head >> 4 === 15 ? this.varint(SHORT) : head >> 4;
    for (let i = 0; i < length; i += 1) this.element(head & 0x0f, depth);
  }

  private byte(): number {
    if (this.at >= this.bytes.length) throw new Error('a struct is cut off');
    return this.bytes[this.at++] as number;
  }

  private skip(count: number): void {
    if (count > this.bytes.length - this.at) throw new Error(`${count} bytes of a struct are cut off`);
    this.at += count;
  }

  /** Exact below 2^35, as far as lengths need it. */
  private varint(bytesMax: number): number {
    let value = 0;
    for (let i = 0; i < bytesMax; i += 1) {
      const next = this.byte();
      value += (next & 0x7f) * 2 ** (7 * i);
      if (next < 0x80) return value;
    }
    throw new Error('a number of a struct has no end');
  }
}
