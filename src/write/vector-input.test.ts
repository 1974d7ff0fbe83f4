import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NativeElement } from '../binding.js';
import { floatToHalf, halfToFloat } from '../source/half.js';
import { EncodedVector, encodeVector, normalise, type VectorInput, type VectorSpace } from './vector-input.js';

function space(element: NativeElement, dim = 3, metric: VectorSpace['metric'] = 'l2'): VectorSpace {
  return { dim, element, metric };
}

function floats(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

describe('a vector', () => {
  it.each<[NativeElement, VectorInput, ArrayBufferView]>([
    ['f32', [1, -2.5, 0.1], Float32Array.of(1, -2.5, 0.1)],
    ['f32', Float32Array.of(1, 2, 3), Float32Array.of(1, 2, 3)],
    ['f32', Float64Array.of(1, 2, 0.1), Float32Array.of(1, 2, 0.1)],
    ['f16', [1, -2, 0.1], Uint16Array.of(0x3c00, 0xc000, floatToHalf(0.1))],
    ['f16', Uint16Array.of(0x3c00, 1, 2), Uint16Array.of(0x3c00, 1, 2)],
    ['u8', [0, 255, 7], Uint8Array.of(0, 255, 7)],
    ['u8', Buffer.from([1, 2, 3]), Uint8Array.of(1, 2, 3)],
    ['u8', Float32Array.of(1, 2, 3), Uint8Array.of(1, 2, 3)],
    ['i8', [-128, 127, 0], Int8Array.of(-128, 127, 0)],
    ['i8', Int8Array.of(-1, 0, 1), Int8Array.of(-1, 0, 1)],
  ])('becomes %s', (element, input, expected) => {
    const bytes = encodeVector(input, space(element), 1n);
    expect([...bytes]).toEqual([...new Uint8Array(expected.buffer, expected.byteOffset, expected.byteLength)]);
  });

  it('is a copy, wherever the array it came in lies', () => {
    const all = Float32Array.of(9, 1, 2, 3);
    const bytes = encodeVector(all.subarray(1), space('f32'), 1n);
    all.fill(0);
    expect([...floats(bytes)]).toEqual([1, 2, 3]);
  });

  it.each<[NativeElement, unknown, string, RegExp]>([
    ['f32', [1, 2], 'INVALID_ARGUMENT', /^point 7: its vector has 2 elements, expected 3/],
    ['f32', [1, Number.NaN, 2], 'NOT_FINITE', /^point 7: position 1 of its vector is NaN/],
    ['f32', [1, 2, 1e39], 'NOT_FINITE', /position 2 of its vector is 1e\+39, which is past/],
    ['f32', Float32Array.of(1, Number.NEGATIVE_INFINITY, 2), 'NOT_FINITE', /is -Infinity; expected/],
    ['f32', Uint8Array.of(1, 2, 3), 'INVALID_ARGUMENT', /found a Uint8Array as vector, expected an array of numbers/],
    ['f16', [1, 2, 65_520], 'NOT_FINITE', /position 2 of its vector is 65520, which is past/],
    ['f16', Uint16Array.of(0, 0x7c00, 0), 'NOT_FINITE', /position 1 of its vector is Infinity; expected/],
    ['u8', [1, 2.5, 3], 'INVALID_ARGUMENT', /position 1 of its vector is 2.5, expected a whole number from 0 to 255/],
    ['u8', [1, 2, 256], 'INVALID_ARGUMENT', /256/],
    ['u8', [1, 2, Number.NaN], 'NOT_FINITE', /NaN/],
    ['u8', Int8Array.of(1, 2, 3), 'INVALID_ARGUMENT', /or a Uint8Array/],
    ['i8', [-129, 0, 0], 'INVALID_ARGUMENT', /-128 to 127/],
    ['f32', [1, '2', 3], 'INVALID_ARGUMENT', /position 1 of its vector is a value of type string/],
    ['f32', new Array(3), 'INVALID_ARGUMENT', /position 0 of its vector is a value of type undefined/],
    ['f32', new DataView(new ArrayBuffer(12)), 'INVALID_ARGUMENT', /DataView/],
    ['f32', 'abc', 'INVALID_ARGUMENT', /type string/],
    ['f32', null, 'INVALID_ARGUMENT', /null/],
    ['f32', undefined, 'INVALID_ARGUMENT', /type undefined/],
  ])('of %s is not %s', (element, input, code, message) => {
    const encode = (): Uint8Array => encodeVector(input as VectorInput, space(element), 7n);
    expect(encode).toThrow(message);
    expect(encode).toThrow(expect.objectContaining({ code }));
  });
});

describe('normalising', () => {
  it('gives length 1, and the same again when it is done twice', () => {
    const vectors = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(vectors, (values) => {
        const once = Float32Array.from(values);
        normalise(once);
        const length = Math.hypot(...once);
        if (values.every((value) => value === 0)) expect(length).toBe(0);
        else expect(length).toBeCloseTo(1, 6);
        const twice = once.slice();
        normalise(twice);
        expect(twice).toEqual(once);
      }),
    );
  });

  it('is done for cosine over floats only', () => {
    expect([...floats(encodeVector([3, 4, 0], space('f32', 3, 'cosine'), 1n))].map((v) => v.toFixed(4))).toEqual([
      '0.6000',
      '0.8000',
      '0.0000',
    ]);
    expect([...floats(encodeVector([0, 0, 0], space('f32', 3, 'cosine'), 1n))]).toEqual([0, 0, 0]);
    expect([...encodeVector([3, 4, 0], space('u8', 3, 'cosine'), 1n)]).toEqual([3, 4, 0]);
    expect([...floats(encodeVector([3, 4, 0], space('f32', 3, 'dot'), 1n))]).toEqual([3, 4, 0]);
  });

  it('of half floats is done before they are rounded', () => {
    const halves = (input: VectorInput): number[] => {
      const bytes = encodeVector(input, space('f16', 3, 'cosine'), 1n);
      return [...new Uint16Array(bytes.buffer, bytes.byteOffset, 3)].map(halfToFloat);
    };
    const [three, four] = [floatToHalf(3), floatToHalf(4)];
    const unit = [halfToFloat(floatToHalf(0.6)), halfToFloat(floatToHalf(0.8)), 0];
    expect(halves([3, 4, 0])).toEqual(unit);
    expect(halves([300_000, 400_000, 0])).toEqual(unit);
    expect(halves(Uint16Array.of(three, four, 0))).toEqual(unit);
    expect(halves([0, 0, 0])).toEqual([0, 0, 0]);
    expect(() => halves([1, 1e39, 0])).toThrow(/position 1 of its vector is 1e\+39, which is past/);
    expect(() => halves(Uint16Array.of(0, 0, 0xfc00))).toThrow(/position 2 of its vector is -Infinity; expected/);
  });
});

it('a vector that was encoded elsewhere is taken as it is, when it has the size', () => {
  const bytes = encodeVector([1, 2, 3], space('f32'), 1n);
  expect(encodeVector(new EncodedVector(bytes, 3), space('f32'), 1n)).toBe(bytes);
  expect(() => encodeVector(new EncodedVector(bytes, 3), space('f32', 4), 1n)).toThrow('12 bytes, expected 16');
});
