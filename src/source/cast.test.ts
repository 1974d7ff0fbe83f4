import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCast, defaultElement, rounds, widens } from './cast.js';
import { createVectorData, type VectorElement, vectorElements } from './formats.js';
import { floatToHalf, halfToFloat } from './half.js';

function cast(from: VectorElement, to: VectorElement, values: readonly number[], dim = 1): number[] {
  const data = createVectorData(from, values.length);
  data.set(from === 'f16' ? values.map(floatToHalf) : values);
  const result = createCast('x.npy', dim, from, to).apply({ firstRow: 0, data });
  return Array.from(result, (value) => (to === 'f16' ? halfToFloat(value) : value));
}

describe('a cast', () => {
  it('keeps whole numbers that both elements hold, between all of them', () => {
    const small = fc.array(fc.integer({ min: 0, max: 127 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.constantFrom(...vectorElements), fc.constantFrom(...vectorElements), small, (from, to, values) => {
        expect(cast(from, to, values)).toEqual(values);
      }),
    );
  });

  it('is the same array when nothing changes', () => {
    const data = Float32Array.of(1, Number.NaN);
    expect(createCast('x', 1, 'f32', 'f32').apply({ firstRow: 0, data })).toBe(data);
  });

  it.each<[VectorElement, VectorElement, number]>([
    ['f32', 'u8', 0.5],
    ['f32', 'u8', 256],
    ['f32', 'u8', -1],
    ['f32', 'u8', 2 ** 32 + 5],
    ['f32', 'i8', 128],
    ['f32', 'i8', -129],
    ['f32', 'i32', 2 ** 31],
    ['f16', 'u8', 1.5],
    ['f16', 'i8', 1000],
    ['u8', 'i8', 200],
    ['i8', 'u8', -3],
    ['i32', 'u8', 256],
    ['i32', 'f32', 2 ** 24 + 1],
    ['f32', 'f16', 65520],
    ['f32', 'f16', -1e30],
  ])('from %s to %s refuses %d with its row and column', (from, to, value) => {
    const data = createVectorData(from, 6);
    data[5] = from === 'f16' ? floatToHalf(value) : value;
    const { apply } = createCast('a.npy', 3, from, to);
    const says = `a.npy: row 107, column 2 is ${from === 'f32' ? Math.fround(value) : value}, which ${to} cannot hold`;
    expect(() => apply({ firstRow: 100, step: 7, data })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
    expect(() => apply({ firstRow: 100, step: 7, data })).toThrow(says);
  });

  it('to f16 rounds to nearest and keeps the largest error of all blocks', () => {
    const rounding = createCast('x', 1, 'f32', 'f16');
    expect(rounding.largestError).toBe(0);
    rounding.apply({ firstRow: 0, data: Float32Array.of(1, 2049, 0.5) });
    rounding.apply({ firstRow: 3, data: Float32Array.of(1.0001) });
    expect(rounding.largestError).toBe(1);
    expect(rounds('f32', 'f16')).toBe(true);
    expect(rounds('u8', 'f16') || rounds('f32', 'u8')).toBe(false);
  });

  it('that widens gives back every value', () => {
    for (const from of ['u8', 'i8'] as const) {
      const all = Array.from({ length: 256 }, (_, at) => (from === 'u8' ? at : at - 128));
      for (const to of ['f16', 'f32'] as const) {
        expect(widens(from, to)).toBe(true);
        expect(cast(from, to, all)).toEqual(all);
      }
    }
    const halves = Uint16Array.from({ length: 0x7c00 }, (_, bits) => bits);
    const floats = createCast('x', 1, 'f16', 'f32').apply({ firstRow: 0, data: halves });
    expect(Array.from(floats)).toEqual(Array.from(halves, halfToFloat));
  });
});

describe('defaultElement', () => {
  it.each([
    ['f16', 'npy', 'f16'],
    ['u8', 'bvecs', 'u8'],
    ['u8', 'fvecs', 'f32'],
    ['f16', 'fbin', 'f32'],
    ['i8', 'fvecs', 'f32'],
    ['f32', 'u8bin', undefined],
    ['u8', 'i8bin', undefined],
    ['u8', 'ivecs', undefined],
    ['i32', 'ibin', 'i32'],
    ['i32', 'npy', undefined],
  ] as const)('writes %s into .%s as %s', (from, format, to) => {
    expect(defaultElement(from, format)).toBe(to);
  });
});
