// A filter three ways: by its meaning spelled out (test/naive-filter.ts), by the matcher, and by sets of rows where some
// fields have postings and the matcher decides the rest. All must agree.
import fc from 'fast-check';
import { RoaringBitmap32, type ReadonlyRoaringBitmap32 } from '../bitmap.js';
import { describe, expect, it } from 'vitest';
import { filters, payloads } from '../../test/filter-arbitrary.js';
import { naiveMatches } from '../../test/naive-filter.js';
import { VamanaError } from '../errors.js';
import type { FieldCondition } from '../field/field-condition.js';
import type { FieldAnswer } from '../field/value-index.js';
import { fieldValues } from '../field/field-values.js';
import { parsePath } from '../payload/payload-path.js';
import type { Payload } from '../payload/point.js';
import { evaluateFilter, type PostingSource } from './evaluate-filter.js';
import { filterKey } from './filter-key.js';
import { compileCondition } from '../field/match-condition.js';
import { compileMatcher } from './match-filter.js';
import { parseFilter } from './parse-filter.js';

const RUNS = 4000;

/** Row i holds point i; rows past them are dead. Fields of `indexed` answer what `answers` lets them. */
function sourceOf(
  all: readonly (Payload | null)[],
  indexed: ReadonlySet<string>,
  answers: (condition: FieldCondition) => boolean,
): PostingSource {
  const live = RoaringBitmap32.fromRange(0, all.length);
  const rowsOf = (key: string, condition: FieldCondition, among?: ReadonlyRoaringBitmap32): FieldAnswer | undefined => {
    if (!indexed.has(key) || !answers(condition)) return undefined;
    const matches = compileCondition(condition);
    const path = parsePath(key);
    const rows = new RoaringBitmap32([all.length + 1, all.length + 70_000]); // dead ones
    for (const [row, payload] of all.entries()) if (matches(fieldValues(payload, path))) rows.add(row);
    // Texts as an index that knows less than it is asked: more rows than match.
    const isExact = condition.kind !== 'text' && condition.kind !== 'phrase';
    if (!isExact) rows.addRange(0, all.length >> 1);
    // What is outside has no meaning: here it is the wrong way round.
    if (among !== undefined) rows.xorInPlace(RoaringBitmap32.andNot(live, among));
    return { rows, isExact };
  };
  return {
    live,
    rowsOf,
    estimate: (key, condition) => rowsOf(key, condition)?.rows.size,
    idRows: (ids) => new RoaringBitmap32(ids.map(Number).filter((row) => row < all.length)),
  };
}

describe('a filter', () => {
  it('matches what its meaning says', () => {
    fc.assert(
      fc.property(filters, fc.array(payloads, { minLength: 1, maxLength: 6 }), (json, all) => {
        const matches = compileMatcher(parseFilter(json));
        for (const [at, payload] of all.entries()) {
          expect(matches({ id: BigInt(at), payload })).toBe(naiveMatches(json, BigInt(at), payload));
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('finds the same rows by postings, whatever is indexed', () => {
    const fields = ['a', 'b', 'o.x', 'list[].x', 'list[].y', 'list[0].y', 'a[]', 'missing'];
    fc.assert(
      fc.property(
        filters,
        fc.array(payloads, { maxLength: 20 }),
        fc.subarray(fields),
        fc.boolean(),
        (json, all, indexed, isPicky) => {
          const filter = parseFilter(json);
          const answers = ({ kind }: FieldCondition): boolean => !isPicky || kind === 'match' || kind === 'range';
          const { rows, rest } = evaluateFilter(filter, sourceOf(all, new Set(indexed), answers));
          const left = rest === null ? () => true : compileMatcher(rest);
          const found = [...rows].filter((row) => left({ id: BigInt(row), payload: all[row] ?? null }));
          const expected = all.flatMap((payload, at) => (naiveMatches(json, BigInt(at), payload) ? [at] : []));
          expect(found).toEqual(expected);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('needs no payload where every field is indexed', () => {
    const json = { must: [{ key: 'a', match: { value: 1 } }], must_not: { key: 'b', range: { gt: 0 } } };
    const all = [{ a: 1, b: 0 }, { a: 1, b: 2 }, { a: 2 }, { a: [1, 5] }];
    const { rows, rest } = evaluateFilter(
      parseFilter(json),
      sourceOf(all, new Set(['a', 'b']), () => true),
    );
    expect([[...rows], rest]).toEqual([[0, 3], null]);
  });

  it('asks payloads of as few rows as the indexes allow', () => {
    const json = {
      must: [
        { key: 'a', match: { value: 1 } },
        { key: 'b', match: { value: 2 } },
      ],
    };
    const all = [{ a: 1, b: 0 }, { a: 1, b: 2 }, { a: 2 }];
    const { rows, rest } = evaluateFilter(
      parseFilter(json),
      sourceOf(all, new Set(['a']), () => true),
    );
    expect([[...rows], rest === null]).toEqual([[0, 1], false]);
  });
});

describe('the key of a filter', () => {
  it('does not depend on the order within a clause, and names the fields', () => {
    const a = { key: 'a', match: { value: 'x' } };
    const b = { nested: { key: 'list', filter: { must: [{ key: 'y', is_empty: true }] } } };
    const one = filterKey(parseFilter({ must: [a, b] }));
    expect(one).toEqual(filterKey(parseFilter({ must: [b, a] })));
    expect(one.fields).toEqual(['a', 'list[].y']);
    expect(filterKey(parseFilter({ must: [a], should: [b] })).text).not.toBe(one.text);
  });

  it('differs where filters do', () => {
    const keyOf = (value: unknown): string => filterKey(parseFilter({ must: { key: 'a', match: { value } } })).text;
    const values = [1, '1', true, 'true', 2n ** 60n, String(2n ** 60n), 0.5];
    expect(new Set(values.map(keyOf)).size).toBe(values.length);
    fc.assert(
      fc.property(filters, filters, fc.array(payloads, { maxLength: 4 }), (left, right, all) => {
        const [a, b] = [parseFilter(left), parseFilter(right)];
        if (filterKey(a).text !== filterKey(b).text) return;
        const [first, second] = [compileMatcher(a), compileMatcher(b)];
        for (const payload of all) expect(first({ id: 1n, payload })).toBe(second({ id: 1n, payload }));
      }),
    );
  });
});

describe('a filter that is none', () => {
  const field = (condition: unknown) => ({ must: [{ key: 'a', ...(condition as object) }] });
  it.each([
    ['filter', 5, 'an object with must, should, must_not, min_should'],
    ['filter', { muts: [] }, 'unknown member "muts"'],
    ['filter.must[1]', { must: [{ key: 'a', match: { value: 1 } }, 7] }, 'a condition'],
    ['filter.must[0]', { must: [{ key: 'a' }] }, 'beside key one of match'],
    ['filter.must[0].key', { must: [{ key: 'a..b', match: { value: 1 } }] }, 'not a path'],
    ['filter.must[0].match', field({ match: {} }), 'one of value, any'],
    ['filter.must[0].match', field({ match: { value: 1, any: [2] } }), 'one of value, any'],
    ['filter.must[0].match.value', field({ match: { value: {} } }), 'a string, a number or a boolean'],
    ['filter.must[0].match.any[1]', field({ match: { any: [1, []] } }), 'a string, a number or a boolean'],
    ['filter.must[0].match.text', field({ match: { text: 5 } }), 'a string'],
    ['filter.must[0].range.gte', field({ range: { gte: 'abc' } }), 'a date by RFC 3339'],
    ['filter.must[0].range.lt', field({ range: { gt: 1, lt: '2024-01-01' } }), 'a number, or dates'],
    ['filter.must[0].values_count.lt', field({ values_count: { lt: -1 } }), 'a whole number from 0'],
    ['filter.must[0].is_empty', field({ is_empty: 'no' }), 'true or false'],
    ['filter.must[0].geo_radius', field({ geo_radius: { radius: 5 } }), 'center is missing'],
    [
      'filter.must[0].geo_radius.center.lat',
      field({ geo_radius: { radius: 5, center: { lon: 1, lat: 91 } } }),
      'from -90',
    ],
    ['filter.must[0].geo_polygon.exterior', field({ geo_polygon: { exterior: { points: [] } } }), 'a ring of 4 points'],
    ['filter.must[0].has_id[0]', { must: [{ has_id: ['x'] }] }, 'found "x"'],
    ['filter.should[0].nested', { should: [{ nested: { filter: {} } }] }, 'key is missing'],
    ['filter.min_should', { min_should: { conditions: [] } }, 'min_count is missing'],
    [
      'filter.must[0].nested.filter.must[0].range.gt',
      { must: { nested: { key: 'l', filter: { must: { key: 'x', range: { gt: true } } } } } },
      'a number',
    ],
  ])('is refused at %s', (at, json, reason) => {
    expect(() => parseFilter(json)).toThrow(VamanaError);
    try {
      parseFilter(json);
    } catch (error) {
      const message = (error as Error).message;
      // A clause of one condition is named without a number.
      expect(message.startsWith(at) || message.startsWith(at.replaceAll('must[0]', 'must'))).toBe(true);
      expect(message).toContain(reason);
    }
  });

  it('is refused when it nests too deep or has too much', () => {
    let deep: object = {};
    for (let depth = 0; depth < 20; depth += 1) deep = { must: [deep] };
    expect(() => parseFilter(deep)).toThrow('at most 16 deep');
    const many = Array.from({ length: 4097 }, () => ({ has_id: [1] }));
    expect(() => parseFilter({ must: many })).toThrow('at most 4096');
    expect(() => parseFilter({ must: [{ should: many.slice(1) }] })).toThrow('at most 4096');
  });

  it('is never anything but INVALID_ARGUMENT', () => {
    const names = [
      'must',
      'should',
      'key',
      'match',
      'value',
      'range',
      'nested',
      'filter',
      'has_id',
      'is_empty',
      'gt',
      'any',
    ];
    const { json } = fc.letrec((tie) => ({
      json: fc.oneof(
        { depthSize: 'medium' },
        fc.constantFrom<unknown>(null, 1, 'a', true, 2n ** 70n, Number.NaN),
        fc.dictionary(fc.constantFrom(...names), tie('json'), { maxKeys: 3 }),
        fc.array(tie('json'), { maxLength: 3 }),
      ),
    }));
    fc.assert(
      fc.property(json, (input) => {
        try {
          parseFilter(input);
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('but what asks for nothing matches all, and any of nothing matches none', () => {
    const matches = (json: unknown): boolean => compileMatcher(parseFilter(json))({ id: 1n, payload: { a: 1 } });
    for (const json of [{}, { must: [] }, { must: null, should: [] }]) expect(matches(json)).toBe(true);
    expect(matches({ must: { key: 'a', match: { any: [] } } })).toBe(false);
    expect(matches({ must: { key: 'a', match: { except: [] } } })).toBe(true);
  });
});
