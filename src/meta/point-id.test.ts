import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PointId } from '../payload/point.js';
import { decodeIdKey, encodeIdKey } from './id-key.js';
import { comparePointIds, MAX_NUMBER_ID, MAX_STRING_ID_BYTES, parsePointId } from './point-id.js';

const uuid = '550e8400-e29b-41d4-a716-446655440000';

const anyId: fc.Arbitrary<PointId> = fc.oneof(
  fc.bigInt({ min: 0n, max: MAX_NUMBER_ID }),
  fc.uuid(),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).map((text) => parsePointId(text, { strings: true })),
);

describe('an id', () => {
  it.each([
    [0, 0n],
    [-0, 0n],
    [7, 7n],
    [Number.MAX_SAFE_INTEGER, 9007199254740991n],
    [9007199254740993n, 9007199254740993n],
    [MAX_NUMBER_ID, 18446744073709551615n],
  ])('may be the number %s', (given, canonical) => {
    expect(parsePointId(given)).toBe(canonical);
  });

  it.each([
    uuid,
    uuid.toUpperCase(),
    uuid.replaceAll('-', ''),
    uuid.replaceAll('-', '').toUpperCase(),
    `urn:uuid:${uuid}`,
    `URN:UUID:${uuid.toUpperCase()}`,
    `{${uuid}}`,
    `{${uuid.toUpperCase()}}`,
  ])('may be the UUID %s', (given) => {
    expect(parsePointId(given)).toBe(uuid);
    expect(parsePointId(given, { strings: true })).toBe(uuid);
  });

  it('may be decimal digits only where that is asked for', () => {
    expect(parsePointId('18446744073709551615', { decimals: true })).toBe(MAX_NUMBER_ID);
    expect(parsePointId('007', { decimals: true, strings: true })).toBe(7n);
    expect(parsePointId('42', { strings: true })).toBe('42');
    expect(() => parsePointId('42')).toThrow(/found "42"; expected a whole number/);
    expect(() => parsePointId('18446744073709551616', { decimals: true })).toThrow(/18446744073709551616/);
  });

  it('may be any other string where that is asked for', () => {
    expect(parsePointId('doc/1', { strings: true })).toBe('doc/1');
    expect(parsePointId('é'.repeat(MAX_STRING_ID_BYTES / 2), { strings: true })).toHaveLength(MAX_STRING_ID_BYTES / 2);
  });

  it.each<[unknown, RegExp]>([
    [-1, /found -1/],
    [1.5, /found 1.5/],
    [Number.NaN, /found NaN/],
    [2 ** 53, /rounded; give it as a bigint/],
    [-1n, /found -1/],
    [MAX_NUMBER_ID + 1n, /found 18446744073709551616/],
    [null, /found null/],
    [true, /type boolean/],
    [[1], /type object/],
    ['', /empty string/],
    ['\ud800', /surrogate/],
    ['x'.repeat(MAX_STRING_ID_BYTES + 1), /1025 bytes/],
  ])('is not %.40s', (given, message) => {
    expect(() => parsePointId(given, { strings: true })).toThrow(message);
    expect(() => parsePointId(given)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  it.each([
    '550e8400e29b-41d4-a716-446655440000',
    `{${uuid}`,
    `${uuid}0`,
    'g50e8400-e29b-41d4-a716-446655440000',
    `{${`urn:uuid:${uuid}`}}x`,
  ])('is not the half UUID %s', (given) => {
    expect(() => parsePointId(given)).toThrow(/expected a whole number from 0 to 2\^64 - 1, a UUID$/);
  });
});

describe('the key of an id', () => {
  it('comes back as the id', () => {
    fc.assert(
      fc.property(anyId, (id) => {
        expect(decodeIdKey(encodeIdKey(id))).toBe(id);
      }),
    );
  });

  it('sorts as ids do', () => {
    fc.assert(
      fc.property(anyId, anyId, (a, b) => {
        expect(Math.sign(Buffer.compare(encodeIdKey(a), encodeIdKey(b)))).toBe(Math.sign(comparePointIds(a, b)));
      }),
      { numRuns: 1000 },
    );
  });

  it('puts numbers before UUIDs before strings', () => {
    const ordered: PointId[] = [0n, 9n, 10n, 2n ** 63n, MAX_NUMBER_ID, uuid, `f${uuid.slice(1)}`, '!', '\uffff', '😀'];
    const shuffled = [...ordered].reverse().sort(comparePointIds);
    expect(shuffled).toEqual(ordered);
    expect(ordered.map(encodeIdKey).sort(Buffer.compare).map(decodeIdKey)).toEqual(ordered);
  });

  it('is refused when it is none', () => {
    for (const bytes of [[], [1, 2], [2, 0], [3], [9, 9, 9]]) {
      expect(() => decodeIdKey(Buffer.from(bytes))).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
    }
  });
});
