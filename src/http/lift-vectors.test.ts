import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { liftVectors } from './lift-vectors.js';

const vector = Array.from({ length: 20 }, (_, at) => at / 3);
const ids = Array.from({ length: 20 }, (_, at) => at);

/** As it was before. */
function restored(value: unknown): unknown {
  if (value instanceof Float64Array) return [...value];
  if (Array.isArray(value)) return value.map(restored);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, restored(member)]));
}

describe('the vectors of a body', () => {
  it('are lifted where vectors stand', () => {
    const body = {
      searches: [
        { query: vector, limit: 3 },
        { query: { nearest: vector } },
        { query: { recommend: { positive: [vector, 7], negative: [vector] } }, prefetch: [{ query: vector }] },
        { vector: { name: 'text', vector } },
      ],
    };
    const { value, vectors } = liftVectors(structuredClone(body), 1000);
    expect(vectors).toHaveLength(6 * vector.length);
    expect(restored(value)).toEqual(body);
    const [first] = (value as { searches: { query: Float64Array }[] }).searches;
    expect(first?.query.buffer).toBe(vectors.buffer);
  });

  it('are nothing else: ids, lists of a filter, short lists, lists that hold other things', () => {
    const body = {
      ids,
      query: { recommend: { positive: ids } },
      filter: { must: [{ key: 'query', match: { any: ids } }, { query: vector }] },
      with_payload: { include: ids },
      nearest: [...vector, '1'],
      vector: [1, 2],
    };
    const { value, vectors } = liftVectors(structuredClone(body), 1000);
    expect(vectors).toHaveLength(0);
    expect(value).toEqual(body);
  });

  it('leave everything else as it was, and few values', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (document) => {
        const body = { document, query: vector };
        expect(restored(liftVectors(structuredClone(body), 10_000).value)).toEqual(structuredClone(body));
      }),
    );
    expect(() => liftVectors({ points: ids }, 10)).toThrow('more than 10 values beside vectors');
    expect(() => liftVectors({ query: vector }, 10)).not.toThrow();
  });
});
