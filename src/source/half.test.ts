import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { floatsToHalves, floatToHalf, halfToFloat, halvesToFloats } from './half.js';

const isNan = (bits: number): boolean => (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0;

// Every finite half in ascending order, so that the nearest one can be found without any arithmetic on bits.
const ascending = Array.from({ length: 0x7c00 }, (_, bits) => halfToFloat(bits));

function naiveNearest(value: number): number {
  let below = 0;
  let above = ascending.length;
  while (above - below > 1) {
    const middle = (below + above) >> 1;
    if ((ascending[middle] as number) <= value) below = middle;
    else above = middle;
  }
  // 65536 is what the half after the largest would be.
  const high = ascending[below + 1] ?? 65536;
  const low = ascending[below] as number;
  const toLow = value - low;
  const toHigh = high - value;
  if (toLow === toHigh) return below % 2 === 0 ? below : below + 1;
  return toLow < toHigh ? below : below + 1;
}

describe('halfToFloat', () => {
  it.each([
    [0x0000, 0],
    [0x8000, -0],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3555, 0.333251953125],
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x7c00, Number.POSITIVE_INFINITY],
    [0xfc00, Number.NEGATIVE_INFINITY],
    [0x7e00, Number.NaN],
  ])('reads %i as %d', (bits, value) => {
    expect(halfToFloat(bits)).toBe(value);
  });
});

describe('floatToHalf', () => {
  it('gives back every half', () => {
    for (let bits = 0; bits < 0x10000; bits += 1) {
      if (!isNan(bits) && floatToHalf(halfToFloat(bits)) !== bits) expect.fail(`bits 0x${bits.toString(16)}`);
    }
    expect(isNan(floatToHalf(Number.NaN))).toBe(true);
  });

  it.each([
    ['ties to even, down', 1 + 2 ** -11, 0x3c00],
    ['ties to even, up', 1 + 3 * 2 ** -11, 0x3c02],
    ['once, straight from a double', 1 + 2 ** -11 + 2 ** -40, 0x3c01],
    ['half of the smallest subnormal to zero', 2 ** -25, 0],
    ['just more to the smallest subnormal', 2 ** -25 + 2 ** -50, 1],
    ['the largest subnormal up to the smallest normal', 1023.5 * 2 ** -24, 0x0400],
    ['up across an exponent', 1.9999, 0x4000],
    ['below the overflow to the largest', 65519.99, 0x7bff],
    ['from the overflow to infinity', -65520, 0xfc00],
    ['infinity', Number.POSITIVE_INFINITY, 0x7c00],
    ['the smallest double to zero, keeping its sign', -Number.MIN_VALUE, 0x8000],
  ])('rounds %s', (_name, value, bits) => {
    expect(floatToHalf(value)).toBe(bits);
  });

  it('finds the nearest half, as a search among all of them does', () => {
    const sizes = fc.oneof(
      fc.double({ min: 0, max: 70000, noNaN: true }),
      fc.double({ min: 0, max: 2 ** -13, noNaN: true }),
      fc.nat(0x7bfe).map((bits) => (halfToFloat(bits) + halfToFloat(bits + 1)) / 2),
    );
    fc.assert(
      fc.property(sizes, fc.boolean(), (size, negative) => {
        expect(floatToHalf(negative ? -size : size)).toBe(
          Math.min(naiveNearest(size), 0x7c00) | (negative ? 0x8000 : 0),
        );
      }),
      { numRuns: 2000 },
    );
  });
});

describe('arrays', () => {
  it('convert as the single values do', () => {
    const values = [0, -1.5, 1e-6, 70000, Math.PI];
    const bits = floatsToHalves(values);
    expect(Array.from(bits)).toEqual(values.map(floatToHalf));
    expect(Array.from(halvesToFloats(bits))).toEqual(values.map((value) => halfToFloat(floatToHalf(value))));
  });

  it('write into the array given', () => {
    const to = new Float32Array(3);
    expect(halvesToFloats(Uint16Array.of(0x3c00, 0x4000), to)).toBe(to);
    expect(Array.from(to)).toEqual([1, 2, 0]);
  });
});
