import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findNumberLists } from './number-lists.js';
import { parseVectorJson } from './vector-json.js';
import { parseJson } from './wire-json.js';

const vector = Array.from({ length: 20 }, (_, at) => at / 3);
const ids = Array.from({ length: 20 }, (_, at) => at);
/** So that a body is long enough for its lists to be looked for. */
const padding = ' '.repeat(600);

function parse(body: unknown, most?: number): ReturnType<typeof parseVectorJson> {
  return parseVectorJson(Buffer.from(JSON.stringify(body) + padding), most);
}

/** With vectors as lists of what they were rounded to. */
function listed(value: unknown): unknown {
  if (value instanceof Float32Array) return [...value];
  if (Array.isArray(value)) return value.map(listed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, listed(member)]));
}

const rounded = vector.map(Math.fround);

describe('the vectors of a body', () => {
  it('are floats of 32 bits where vectors stand', () => {
    const body = (values: number[]) => ({
      searches: [
        { query: values, limit: 3 },
        { query: { nearest: values } },
        { query: { recommend: { positive: [values, 7], negative: [values] } }, prefetch: [{ query: values }] },
        { vector: { name: 'text', vector: values } },
      ],
      points: [{ id: 7, vector: values }, { vector: { image: values } }],
      batch: { vectors: [values, values], more: { vectors: { image: [values] } } },
    });
    const { value, vectors } = parse(body(vector));
    expect(vectors).toHaveLength(11 * vector.length);
    expect(listed(value)).toEqual(body(rounded));
    const [first] = (value as { searches: { query: Float32Array }[] }).searches;
    expect(first?.query.buffer).toBe(vectors.buffer);
  });

  it('are nothing else: ids, payloads, lists of a filter, short lists, lists that hold other things', () => {
    const body = {
      ids,
      big: '18446744073709551615',
      query: { recommend: { positive: ids } },
      filter: { must: [{ key: 'query', match: { any: ids } }, { query: vector }] },
      payload: { vector, 'a\\"[1': vector },
      with_payload: { include: ids },
      nearest: [...vector, '1'],
      vector: [1, 2],
    };
    expect(parse(body).value).toEqual(body);
    const big = `{"ids":[${ids.join()},18446744073709551615],"vector":[${vector.join()},1e39]}${padding}`;
    expect(parseVectorJson(Buffer.from(big)).value).toEqual({
      ids: [...ids, 18446744073709551615n],
      vector: [...vector, 1e39],
    });
  });

  it('leave everything else as it was, and few values', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.string(), (document, text) => {
        const body = { document, query: rounded, [`${text}"`]: ids, '\u0000': document };
        expect(listed(parse(body).value)).toEqual(parseJson(JSON.stringify(body)));
      }),
    );
    const marked = parse({ text: '\u00000', query: vector, '\u00001': '\u00001' });
    expect(listed(marked.value)).toEqual({ text: '\u00000', query: vector, '\u00001': '\u00001' });
    expect(() => parse({ points: ids }, 10)).toThrow('more than 10 values beside vectors');
    expect(() => parse({ query: vector }, 10)).not.toThrow();
    expect(() => parse({ text: 'short' }, 1)).toThrow('more than 1 values');
  });

  it('are refused as before where the text is wrong', () => {
    const wrong = [
      `{"query":[${vector.join()}],}`,
      `{"query":[${vector.join()}]`,
      `{"query":[${vector.join()},]}`,
      `{"query":[${vector.join()},01]}`,
      `{"query":[${vector.join()},1.]}`,
      `{"query":[${vector.join()},.5]}`,
      `{"query":[${vector.join()},+1]}`,
      `{"query":[${vector.join()},1e]}`,
      `{"query":[${vector.join()} 1]}`,
      `{"query":[${vector.join()},-]}`,
      `{"query":[${vector.join()},NaN]}`,
      `"${'x'.repeat(600)}`,
      `{"a":"\\`,
    ];
    for (const text of wrong) {
      const message = (parser: () => unknown): string => {
        try {
          return String(parser());
        } catch (error) {
          return String(error);
        }
      };
      const padded = padding + text;
      expect(message(() => parseVectorJson(Buffer.from(padded)))).toBe(message(() => parseJson(padded)));
      expect(message(() => parseJson(padded))).toContain('JSON');
    }
    const deep = `{"query":[${vector.join()}],"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
    expect(() => parseVectorJson(Buffer.from(deep))).toThrow('nested too deeply');
  });
});

describe('numbers of a list', () => {
  const read = (texts: string[]): number[] => [...findNumberLists(Buffer.from(`[${texts.join(' , ')}]`)).numbers];
  const filler = Array.from({ length: 16 }, () => '1');

  it('are the floats that their doubles round to', () => {
    const spelt = (value: number): fc.Arbitrary<string> =>
      fc.constantFrom(String(value), value.toExponential(), value.toPrecision(21), value.toFixed(20));
    const text = fc
      .oneof(
        fc.float({ noNaN: true, noDefaultInfinity: true }),
        fc.double({ noNaN: true, min: -3e38, max: 3e38 }),
        fc.double({ noNaN: true, min: -2, max: 2 }),
      )
      .chain(spelt)
      .filter((one) => !/^-?\d+\.?\d*e\+?[4-9]\d/.test(one));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 8 }), (texts) => {
        expect(read([...texts, ...filler]).slice(0, texts.length)).toEqual(
          texts.map((one) => Math.fround(Number(one))),
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('are right between two floats, and at the ends of what there is', () => {
    // Halfway between 1 and the float above it, and a hair above that.
    const texts = ['1.00000005960464477539', '1.000000059604644775390625', '1.0000000596046447753906251', '-0', '0e5'];
    texts.push(
      '123456789012345678901234567890',
      '1e-46',
      '1.4e-45',
      '3.4028234663852886e38',
      '-1E+2',
      '5e-324',
      '100e-2',
    );
    expect(read([...texts, ...filler]).slice(0, texts.length)).toEqual(texts.map((one) => Math.fround(Number(one))));
    expect(read(['1e39', ...filler])).toEqual([]);
    expect(read(['3.5e38', ...filler])).toEqual([]);
  });
});
