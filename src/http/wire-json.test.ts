import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson, shortFloat, writeJson } from './wire-json.js';

describe('JSON of the wire', () => {
  it('keeps whole numbers exact, and everything else as it is', () => {
    const text = '{"id":18446744073709551615,"f":0.12345678901234567,"s":"12345678901234567890","n":-9007199254740993}';
    const value = parseJson(text);
    expect(value).toMatchObject({ id: 18446744073709551615n, s: '12345678901234567890', n: -9007199254740993n });
    expect(writeJson({ a: [1n, undefined, null], b: undefined, c: 2n ** 64n })).toBe(
      '{"a":[1,null,null],"c":18446744073709551616}',
    );
  });

  it('gives back every document', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n }), (document, id) => {
        const text = writeJson({ document, id });
        expect(writeJson(parseJson(text))).toBe(text);
      }),
    );
  });

  it('writes floats of 32 bits as short as they are exact', () => {
    expect([0.1, 1 / 3, 1e-30, -2.5].map((value) => shortFloat(Math.fround(value)))).toEqual([
      0.1, 0.33333334, 1e-30, -2.5,
    ]);
    const single = fc.float({ noNaN: true, noDefaultInfinity: true });
    fc.assert(fc.property(single, (value) => Math.fround(shortFloat(value)) === value));
  });
});
