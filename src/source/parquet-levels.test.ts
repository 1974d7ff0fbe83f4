import fc from 'fast-check';
import { expect, it } from 'vitest';
import { levelBits, readHybrid } from './parquet-levels.js';

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(Math.floor(value / 128))];
}

/** Runs and packed groups of eight, naively. */
function encode(bits: number, parts: { packed: boolean; values: number[] }[]): { bytes: Buffer; values: number[] } {
  const bytes: number[] = [];
  const values: number[] = [];
  for (const part of parts) {
    if (part.packed) {
      const padded = [...part.values, ...new Array(8 - part.values.length).fill(0)] as number[];
      let all = 0n;
      for (const [at, value] of padded.entries()) all |= BigInt(value) << BigInt(at * bits);
      bytes.push(...varint(3));
      for (let at = 0; at < bits; at += 1) bytes.push(Number((all >> BigInt(8 * at)) & 255n));
      values.push(...padded);
    } else {
      const [value = 0] = part.values;
      bytes.push(...varint(part.values.length * 2));
      for (let at = 0; at < Math.ceil(bits / 8); at += 1) bytes.push(Math.floor(value / 256 ** at) % 256);
      values.push(...part.values.map(() => value));
    }
  }
  return { bytes: Buffer.from(bytes), values };
}

it('reads runs and packed values of every width, and no more than asked for', () => {
  const scenario = fc.integer({ min: 1, max: 32 }).chain((bits) => {
    const value = fc.integer({ min: 0, max: 2 ** bits - 1 });
    const part = fc.record({ packed: fc.boolean(), values: fc.array(value, { minLength: 1, maxLength: 8 }) });
    return fc.record({
      bits: fc.constant(bits),
      parts: fc.array(part, { minLength: 1, maxLength: 6 }),
      less: fc.nat(7),
    });
  });
  fc.assert(
    fc.property(scenario, ({ bits, parts, less }) => {
      const { bytes, values } = encode(bits, parts);
      // Packed groups are padded; runs end where the values do.
      const count = values.length - (parts.at(-1)?.packed === true ? less : 0);
      expect(Array.from(readHybrid(bytes, bits, new Uint32Array(count)))).toEqual(values.slice(0, count));
      if (bytes.length > 1 && count === values.length) {
        expect(() => readHybrid(bytes.subarray(0, -1), bits, new Uint32Array(count))).toThrow(/cut off/);
      }
    }),
  );
});

it('is bounded whatever the bytes say', () => {
  // A run of 2^34 ones.
  const run = Buffer.from([0xfe, 0xff, 0xff, 0xff, 0x7f, 1]);
  expect(() => readHybrid(run, 1, new Uint8Array(3))).toThrow(/a run of 17179869183 after 0 of 3/);
  expect(() => readHybrid(Buffer.alloc(5, 0xff), 1, new Uint8Array(3))).toThrow(/no end/);
  expect(() => readHybrid(Buffer.from([2]), 33, new Uint32Array(1))).toThrow(/33 bits/);
  expect([1, 2, 3, 7, 8].map(levelBits)).toEqual([1, 2, 2, 3, 4]);
});
