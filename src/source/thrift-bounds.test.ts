import fc from 'fast-check';
import { deserializeTCompactProtocol } from 'hyparquet/src/thrift.js';
import { expect, it } from 'vitest';
import { thriftStructBytes } from './thrift-bounds.js';

// A field's head is its distance from the one before and its type.
const I32 = (value: number): number[] => [0x15, value];
const STOP = 0;
const page = [
  ...I32(4),
  ...I32(8),
  0x28,
  2,
  65,
  66,
  0x19,
  0x2c,
  ...I32(2),
  STOP,
  0x12,
  STOP,
  0x17,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  1,
  STOP,
];

it('finds where a struct ends, and no shorter struct', () => {
  expect(thriftStructBytes(Uint8Array.from([...page, 99]))).toBe(page.length);
  const reader = { view: new DataView(Uint8Array.from(page).buffer), offset: 0 };
  expect(Object.keys(deserializeTCompactProtocol(reader))).toHaveLength(5);
  expect(reader.offset).toBe(page.length);
  for (let length = 0; length < page.length; length += 1) {
    expect(() => thriftStructBytes(Uint8Array.from(page.slice(0, length)))).toThrow(/cut off/);
  }
});

it.each<[string, number[], RegExp]>([
  ['text past the end', [0x18, 9, 65, STOP], /9 bytes of a struct are cut off/],
  ['text of a negative length', [0x18, 0xff, 0xff, 0xff, 0xff, 0x0f, STOP], /4294967295 bytes of a struct are cut off/],
  ['a list past the end', [0x19, 0xf5, 0xff, 0xff, 0x7f, 1, STOP], /cut off/],
  ['a number without end', [0x16, ...new Array(11).fill(0x80), STOP], /a number of a struct has no end/],
  ['structs without end', new Array(40).fill(0x1c), /nested more than 16 deep/],
  ['a map', [0x1b, 0, STOP], /type 11/],
])('refuses %s', (_what, bytes, says) => {
  expect(() => thriftStructBytes(Uint8Array.from(bytes))).toThrow(says);
});

it('ends where the package ends, for any bytes it passes', () => {
  const damaged = fc.tuple(fc.nat(page.length - 1), fc.nat(255)).map(([at, byte]) => page.with(at, byte));
  fc.assert(
    fc.property(fc.oneof(damaged, fc.array(fc.nat(255), { maxLength: 40 })), (bytes) => {
      let end: number;
      try {
        end = thriftStructBytes(Uint8Array.from(bytes));
      } catch {
        return;
      }
      const reader = { view: new DataView(Uint8Array.from(bytes).buffer), offset: 0 };
      deserializeTCompactProtocol(reader);
      expect(reader.offset).toBe(end);
    }),
    { numRuns: 2000 },
  );
});
