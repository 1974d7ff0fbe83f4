import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NativeElement } from '../binding.js';
import { floatToHalf, halfToFloat } from '../source/half.js';
import { createQueryBatch, type QueryVectors } from './query-batch.js';

const index = (element: NativeElement, dim = 2) => ({ element, dim });
const refused = (queries: unknown, element: NativeElement, dim = 2) => {
  try {
    createQueryBatch(queries as QueryVectors, index(element, dim));
  } catch (error) {
    return `${(error as { code: string }).code}: ${(error as Error).message}`;
  }
  return 'accepted';
};

describe('createQueryBatch', () => {
  it('passes the natural type of an index as it lies in memory', () => {
    const natural = [
      ['f32', Float32Array.of(1, -2, 3.5, 4)],
      ['f16', Uint16Array.of(0x3c00, 0, 0x8000, 0x7bff)],
      ['u8', Uint8Array.of(0, 255, 3, 4)],
      ['i8', Int8Array.of(-128, 127, 0, -1)],
    ] as const;
    for (const [element, queries] of natural) {
      const { bytes, count } = createQueryBatch(queries, index(element));
      expect(count).toBe(2);
      expect(bytes.buffer).toBe(queries.buffer);
      expect(bytes.byteLength).toBe(queries.byteLength);
    }
  });

  it('respects where a view begins, and takes a Buffer as bytes', () => {
    const all = Uint8Array.of(9, 9, 1, 2, 9);
    expect(createQueryBatch(all.subarray(2, 4), index('u8')).bytes).toEqual(Uint8Array.of(1, 2));
    expect(createQueryBatch(Buffer.from([1, 2]), index('u8'))).toMatchObject({ count: 1 });
  });

  it('counts none in an empty array', () => {
    expect(createQueryBatch(new Float32Array(), index('u8')).count).toBe(0);
  });

  it('makes whole floats integers', () => {
    expect(createQueryBatch(Float32Array.of(0, 255), index('u8')).bytes).toEqual(Uint8Array.of(0, 255));
    expect(new Int8Array(createQueryBatch(Float32Array.of(-128, 127), index('i8')).bytes.buffer)).toEqual(
      Int8Array.of(-128, 127),
    );
  });

  it('rounds floats to the nearest half', () => {
    const values = fc.float({ min: -65504, max: 65504, noNaN: true });
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 20 }), (list) => {
        const { bytes } = createQueryBatch(Float32Array.from(list), index('f16', list.length));
        const halves = new Uint16Array(bytes.buffer);
        expect([...halves]).toEqual(list.map(floatToHalf));
        for (const [at, half] of halves.entries()) {
          const step = Math.max(Math.abs(list[at] ?? 0) * 2 ** -11, 2 ** -25);
          expect(Math.abs(halfToFloat(half) - (list[at] ?? 0))).toBeLessThanOrEqual(step);
        }
      }),
    );
  });

  it.each([
    ['u8', Float32Array.of(1, 2, 3, 4.5), 'query 1, position 1 is 4.5, expected a whole number from 0 to 255'],
    ['u8', Float32Array.of(1, 2, -1, 4), 'query 1, position 0 is -1, expected a whole number from 0 to 255'],
    ['u8', Float32Array.of(256, 2), 'query 0, position 0 is 256, expected a whole number from 0 to 255'],
    ['i8', Float32Array.of(1, 128), 'query 0, position 1 is 128, expected a whole number from -128 to 127'],
    ['f16', Float32Array.of(1, 65520), 'query 0, position 1 is 65520, expected a number within the range of f16'],
  ] as const)('refuses what %s cannot hold', (element, queries, message) => {
    expect(refused(queries, element)).toMatch(`INVALID_ARGUMENT: queries: ${message}`);
  });

  it.each([
    ['f32', Float32Array.of(1, 2, Number.NaN, 4), 'query 1, position 0 is NaN'],
    ['u8', Float32Array.of(1, Number.POSITIVE_INFINITY), 'query 0, position 1 is Infinity'],
    ['f16', Float32Array.of(1, Number.NEGATIVE_INFINITY), 'query 0, position 1 is -Infinity'],
    ['f16', Uint16Array.of(1, 2, 3, 0x7c00), 'query 1, position 1 is Infinity'],
    ['f16', Uint16Array.of(0x7e00, 2), 'query 0, position 0 is NaN'],
  ] as const)('refuses what is not finite: %s', (element, queries, message) => {
    expect(refused(queries, element)).toBe(`NOT_FINITE: queries: ${message}, expected a finite number`);
  });

  it('refuses other types, and says which would do', () => {
    const expected = (found: string, kinds: string, element: string) =>
      `INVALID_ARGUMENT: queries: found ${found}, expected ${kinds}: the index holds ${element} vectors`;
    expect(refused([1, 2], 'f32')).toBe(
      expected('a plain array (new Float32Array(array) makes it a typed one)', 'a Float32Array', 'f32'),
    );
    expect(refused(new Float64Array(2), 'f16')).toBe(
      expected('a Float64Array', 'a Float32Array or a Uint16Array', 'f16'),
    );
    expect(refused(new Uint8Array(2), 'i8')).toBe(expected('a Uint8Array', 'a Float32Array or a Int8Array', 'i8'));
    expect(refused(new Uint8Array(2), 'f32')).toBe(expected('a Uint8Array', 'a Float32Array', 'f32'));
    expect(refused(new DataView(new ArrayBuffer(8)), 'u8')).toMatch('found a DataView');
    expect(refused(null, 'u8')).toMatch('found null');
    expect(refused(undefined, 'u8')).toMatch('found a value of type undefined');
    expect(refused({ [Symbol.toStringTag]: 'Float32Array', length: 2 }, 'u8')).toMatch('found a value of type object');
  });

  it('refuses a length that is no multiple of the dimension', () => {
    expect(refused(new Float32Array(5), 'f32', 3)).toBe(
      'INVALID_ARGUMENT: queries: found 5 elements, expected a multiple of 3: the index has dimension 3',
    );
  });
});
