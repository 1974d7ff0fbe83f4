import { deltaBinaryUnpack, deltaByteArray, deltaLengthByteArray } from 'hyparquet/src/delta.js';
import { describe, expect, it } from 'vitest';
import { checkValues, type PageBody, unpackDeltas } from './parquet-bounds.js';

const varint = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(Math.floor(value / 128))];
/** One delta block: every value is `step` more than the one before. */
const deltas = (count: number, first: number, step: number): number[] => [
  ...varint(128),
  ...varint(4),
  ...varint(count),
  ...varint(2 * first),
  ...(count > 1 ? [...varint(2 * step), 0, 0, 0, 0] : []),
];
const text = (value: string): number[] => [...Buffer.from(value)];

function page(encoding: PageBody['encoding'], count: number, more: Partial<PageBody> = {}): PageBody {
  return {
    type: 'BYTE_ARRAY',
    element: { name: 'x', type: 'BYTE_ARRAY' },
    encoding,
    count,
    dictionaryEntries: undefined,
    ...more,
  };
}

describe.each<[string, PageBody, number[], RegExp]>([
  [
    'plain bytes',
    page('PLAIN', 2),
    [1, 0, 0, 0, 65, 2, 0, 0, 0, 66, 67],
    /value 1 of 2|11 bytes of values in|bytes of/,
  ],
  ['plain numbers', page('PLAIN', 3, { type: 'INT32' }), [...new Array(12).keys()], /12 bytes of values in 11/],
  ['booleans', page('PLAIN', 9, { type: 'BOOLEAN' }), [255, 1], /2 bytes of values in 1/],
  ['split bytes', page('BYTE_STREAM_SPLIT', 2, { type: 'DOUBLE' }), new Array(16).fill(7), /16 bytes of values in 15/],
  ['entries', page('RLE_DICTIONARY', 4, { dictionaryEntries: 2 }), [1, 8, 1], /cut off/],
  ['prefixed bytes', page('DELTA_BYTE_ARRAY', 2), [...deltas(2, 0, 1), ...deltas(2, 2, 0), ...text('abcd')], /value 1/],
  ['lengths', page('DELTA_LENGTH_BYTE_ARRAY', 2), [...deltas(2, 2, 0), ...text('abcd')], /value 1 of 2 has 2 bytes/],
])('%s', (_name, shape, bytes, says) => {
  it('pass whole, and not with a byte less', () => {
    checkValues(Uint8Array.from(bytes), shape, deltaBinaryUnpack);
    expect(() => checkValues(Uint8Array.from(bytes.slice(0, -1)), shape, deltaBinaryUnpack)).toThrow(says);
  });
});

describe('what would lead the package out of the page, or nowhere', () => {
  it.each<[string, PageBody, number[], RegExp]>([
    ['a length over its end', page('PLAIN', 1), [9, 0, 0, 0, 65], /13 bytes of values in 5/],
    [
      'an entry past its dictionary',
      page('RLE_DICTIONARY', 4, { dictionaryEntries: 1 }),
      [1, 8, 1],
      /entry 1 of a dict/,
    ],
    ['no dictionary', page('RLE_DICTIONARY', 4), [1, 8, 1], /a dictionary that is not there/],
    [
      'a prefix of nothing',
      page('DELTA_BYTE_ARRAY', 1),
      [...deltas(1, 3, 0), ...deltas(1, 0, 0)],
      /0 bytes after 3 of the/,
    ],
    [
      'fixed values without a width',
      page('PLAIN', 1, { type: 'FIXED_LEN_BYTE_ARRAY' }),
      [1],
      /fixed values of undefined/,
    ],
    // A packed run that is said to be enormous, of values of no bits.
    [
      'a run without end',
      page('RLE_DICTIONARY', 1, { dictionaryEntries: 1 }),
      [0, ...varint(2 ** 31 - 1)],
      /packed values/,
    ],
    [
      'blocks of a negative size',
      page('DELTA_BINARY_PACKED', 9, { type: 'INT32' }),
      [0x80, 0x80, 0x80, 0x80, 8, 4],
      /2\^28/,
    ],
    [
      'blocks in no parts',
      page('DELTA_BINARY_PACKED', 9, { type: 'INT64' }),
      [128, 1, 0, 9, 2],
      /128 values in 0 parts/,
    ],
  ])('%s is refused', (_name, shape, bytes, says) => {
    expect(() => checkValues(Uint8Array.from(bytes), shape, deltaBinaryUnpack)).toThrow(says);
  });
});

it('finds the end of deltas where the package does', () => {
  const body = Uint8Array.from([...deltas(3, 0, 1), ...deltas(3, 2, 0), ...text('ababab')]);
  const reader = { view: new DataView(body.buffer), offset: 0 };
  const values: Uint8Array[] = [];
  deltaByteArray(reader, 3, values);
  expect(values.map((value) => Buffer.from(value).toString())).toEqual(['ab', 'aab', 'aaab']);
  const ends = unpackDeltas(body, 0, new Int32Array(3), deltaBinaryUnpack);
  const lengths: Uint8Array[] = [];
  deltaLengthByteArray({ view: new DataView(body.buffer), offset: ends }, 3, lengths);
  expect(lengths.map((value) => value.length)).toEqual([2, 2, 2]);
});
