// Parquet's hybrid of runs and packed bits (its encoding RLE): the levels that say where lists begin and what is null,
// and the entries of dictionaries. Bounded by the number of values asked for; a run past it is damage. Called by
// parquet-pages.ts.

/** Bits a level up to `most` takes. */
export function levelBits(most: number): number {
  return 32 - Math.clz32(most);
}

/** A run of packed values may be filled up to so many groups of eight, as parquet-mr does. */
const PADDING_VALUES_MAX = 63 * 8;

/** `count` levels up to `most`; undefined where that is 0, as none are stored then. Throws Error. */
export function readLevels(bytes: Uint8Array, most: number, count: number): Uint8Array | undefined {
  if (most === 0) return undefined;
  const levels = readHybrid(bytes, levelBits(most), new Uint8Array(count));
  for (const level of levels) if (level > most) throw new Error(`a level of ${level}; the most is ${most}`);
  return levels;
}

/** `count` values of `bits` bits each, from the start of `bytes`. Throws Error where they are cut off. */
export function readHybrid<T extends Uint8Array | Uint32Array>(bytes: Uint8Array, bits: number, to: T): T {
  if (bits > 32) throw new Error(`values of ${bits} bits; expected at most 32`);
  let at = 0;
  let done = 0;
  const byte = (): number => {
    if (at >= bytes.length) throw new Error(`a run is cut off after ${done} of ${to.length} values`);
    return bytes[at++] as number;
  };
  while (done < to.length) {
    const header = readVarint(byte);
    if (header % 2 === 1) {
      const packed = Math.floor(header / 2) * bits;
      const values = Math.min(Math.floor(header / 2) * 8, to.length - done);
      if (Math.floor(header / 2) * 8 > to.length - done + PADDING_VALUES_MAX) {
        throw new Error(`a run of ${Math.floor(header / 2) * 8} packed values after ${done} of ${to.length}`);
      }
      if (at + Math.min(packed, Math.ceil((values * bits) / 8)) > bytes.length) byteEnd(done, to.length);
      unpack(bytes, at, bits, to, done, values);
      at += packed;
      done += values;
    } else {
      let value = 0;
      for (let shift = 0; shift < bits; shift += 8) value += byte() * 2 ** shift;
      const end = done + header / 2;
      if (end > to.length) throw new Error(`a run of ${header / 2} after ${done} of ${to.length} values`);
      to.fill(value, done, end);
      done = end;
    }
  }
  return to;
}

function byteEnd(done: number, count: number): never {
  throw new Error(`packed values are cut off after ${done} of ${count} values`);
}

function readVarint(byte: () => number): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const next = byte();
    value += (next & 0x7f) * 2 ** shift;
    if (next < 0x80) return value;
  }
  throw new Error('the length of a run has no end');
}

// Little-endian, the lowest bit first. The sum never passes 2^40, so doubles hold it.
function unpack(
  bytes: Uint8Array,
  start: number,
  bits: number,
  to: Uint8Array | Uint32Array,
  first: number,
  count: number,
): void {
  const range = 2 ** bits;
  let at = start;
  let held = 0;
  let heldBits = 0;
  for (let i = 0; i < count; i += 1) {
    while (heldBits < bits) {
      held += (bytes[at++] as number) * 2 ** heldBits;
      heldBits += 8;
    }
    const rest = Math.floor(held / range);
    to[first + i] = held - rest * range;
    held = rest;
    heldBits -= bits;
  }
}
