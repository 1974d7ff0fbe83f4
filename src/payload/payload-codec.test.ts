import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonPayload, jsonText } from '../../test/json-arbitrary.js';
import { decodePayload, encodePayload, MAX_PAYLOAD_DEPTH } from './payload-codec.js';
import type { Payload } from './point.js';

function nested(levels: number): Payload {
  return levels === 1 ? {} : { a: nested(levels - 1) };
}

describe('a payload', () => {
  it('comes back exactly, in order, without a change to any prototype', () => {
    fc.assert(
      fc.property(jsonPayload(), (payload) => {
        const before = jsonText(payload);
        const bytes = encodePayload(payload);
        expect(jsonText(decodePayload(bytes))).toBe(before);
        expect(jsonText(payload)).toBe(before);
      }),
      { numRuns: 2000 },
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('keeps a member named __proto__ as a member', () => {
    const payload = JSON.parse('{"__proto__": {"polluted": true}, "a": 1}') as Payload;
    const back = decodePayload(encodePayload(payload));
    expect(Object.keys(back)).toEqual(['__proto__', 'a']);
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    expect(back).not.toHaveProperty('polluted');
  });

  it('tells numbers from bigints by their size alone', () => {
    expect(
      decodePayload(encodePayload({ small: 5n, big: 2n ** 53n, huge: 2n ** 80n, minus: -0, float: 2 ** 60 })),
    ).toEqual({
      small: 5,
      big: 2n ** 53n,
      huge: 2n ** 80n,
      minus: -0,
      float: 2 ** 60,
    });
  });

  it('is the same bytes when it is encoded again', () => {
    fc.assert(
      fc.property(jsonPayload(), (payload) => {
        const bytes = encodePayload(payload);
        expect(Buffer.compare(encodePayload(decodePayload(bytes)), bytes)).toBe(0);
      }),
    );
  });

  it('keeps its bytes while others are encoded', () => {
    const payloads = Array.from({ length: 500 }, (_, i) => ({ i, text: 'x'.repeat(i) }));
    const encoded = payloads.map(encodePayload);
    expect(encoded.map(decodePayload)).toEqual(payloads);
  });

  it('loses members that are undefined, as JSON does', () => {
    expect(decodePayload(encodePayload({ a: undefined, b: { c: undefined, d: 1 } }))).toEqual({ b: { d: 1 } });
  });

  it('may have no prototype', () => {
    expect(decodePayload(encodePayload(Object.assign(Object.create(null), { a: 1 })))).toEqual({ a: 1 });
  });

  it.each([
    [{ a: Number.NaN }, /payload at "a": found NaN/],
    [{ a: [1, Number.POSITIVE_INFINITY] }, /at "a".1: found Infinity/],
    [{ a: { b: new Date(0) } }, /at "a"."b": found an object of class Date/],
    [{ a: () => 1 }, /type function/],
    [{ a: Symbol('x') }, /type symbol/],
    [{ a: [undefined] }, /at "a".0: found a value of type undefined/],
    [{ a: new Map() }, /class Map/],
    [{ a: new Uint8Array(2) }, /class Uint8Array/],
    [{ a: '\udc00' }, /surrogate/],
    [{ '\ud800': 1 }, /surrogate/],
    [[1], /found an object of class Array; expected an object/],
    ['text', /expected an object/],
    [null, /expected an object/],
    [nested(MAX_PAYLOAD_DEPTH + 1), /more than 128 levels/],
  ])('is not %s', (payload, message) => {
    expect(() => encodePayload(payload as Payload)).toThrow(message);
    expect(() => encodePayload(payload as Payload)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  it('has no cycle', () => {
    const cycle: Payload = {};
    cycle.self = cycle;
    expect(() => encodePayload(cycle)).toThrow(/no cycle/);
  });

  it('may be as deep as is allowed', () => {
    const payload = nested(MAX_PAYLOAD_DEPTH);
    expect(decodePayload(encodePayload(payload))).toEqual(payload);
  });
});

describe('bytes that are no payload', () => {
  it.each([[''], ['93010203'], ['05'], ['c1'], ['c19178'], ['81a161'], ['80c0'], ['c192a171c0']])(
    '%s are refused',
    (hex) => {
      expect(() => decodePayload(Buffer.from(hex, 'hex'))).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
    },
  );
});
