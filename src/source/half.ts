// IEEE 754 binary16: a number to and from its 16 bits, one at a time and in bulk. JavaScript on Node 20 has no
// Float16Array, so half floats travel as bits in a Uint16Array everywhere in this project.
// Not here: whether a rounding is acceptable; cast.ts decides that.

const LARGEST_EXPONENT = 0x7c00;
const QUIET_NAN = 0x7e00;

/** The first value that rounds to infinity: halfway between 65504, the largest half, and 65536. */
const OVERFLOW = 65_520;

/** The value of half-float bits; exact, since every half is also an f32. */
export function halfToFloat(bits: number): number {
  return halfTable()[bits & 0xffff] as number;
}

/**
 * The bits of the half nearest to `value`, ties to even. Values of 65520 and more become infinity; every NaN
 * becomes the same quiet one. Rounds once, straight from double precision.
 */
export function floatToHalf(value: number): number {
  DOUBLE[0] = value;
  const high = WORDS[1] as number;
  const sign = (high >>> 16) & 0x8000;
  const size = Math.abs(value);
  if (size >= OVERFLOW) return sign | LARGEST_EXPONENT;
  if (Number.isNaN(value)) return QUIET_NAN;
  // Below 2^-14 halves are subnormal: evenly spaced, with the spacing of the smallest normal ones.
  const exponent = Math.max(-14, ((high >>> 20) & 0x7ff) - 1023);
  const steps = size * (STEPS_PER_UNIT[exponent + 14] as number);
  let whole = Math.floor(steps);
  const rest = steps - whole;
  if (rest > 0.5 || (rest === 0.5 && (whole & 1) === 1)) whole += 1;
  // Added, not or-ed: 1024 steps of a subnormal and 2048 of a normal carry into the exponent, as they should.
  return sign | (((exponent + 14) << 10) + whole);
}

/** Bits to values; `to` has room for all of them and is returned. */
export function halvesToFloats(bits: Uint16Array, to: Float32Array = new Float32Array(bits.length)): Float32Array {
  const table = halfTable();
  for (let i = 0; i < bits.length; i += 1) to[i] = table[bits[i] as number] as number;
  return to;
}

/** Values to bits, each rounded as by floatToHalf; `to` has room for all of them and is returned. */
export function floatsToHalves(
  values: ArrayLike<number>,
  to: Uint16Array = new Uint16Array(values.length),
): Uint16Array {
  for (let i = 0; i < values.length; i += 1) to[i] = floatToHalf(values[i] as number);
  return to;
}

// The two views see the same eight bytes; every platform this runs on is little-endian.
const DOUBLE = new Float64Array(1);
const WORDS = new Uint32Array(DOUBLE.buffer);

// Steps between halves of exponent e are 2^(e - 10) wide, so this is 2^(10 - e) for e = -14 .. 15.
const STEPS_PER_UNIT = Float64Array.from({ length: 30 }, (_, at) => 2 ** (24 - at));

let table: Float32Array | undefined;

function halfTable(): Float32Array {
  table ??= Float32Array.from({ length: 0x10000 }, (_, bits) => decode(bits));
  return table;
}

function decode(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
