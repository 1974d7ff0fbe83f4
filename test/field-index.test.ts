// An index of a field against payloads looked at one by one, for every type: the same rows, exactly or with more that
// payloads rule out, also after rows changed, died, and the index was stored and loaded.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filters, payloads } from './filter-arbitrary.js';
import { RoaringBitmap32 } from '../src/bitmap.js';
import type { Condition, Filter } from '../src/filter/filter-ast.js';
import { parseFilter } from '../src/filter/parse-filter.js';
import { parsePath } from '../src/payload/payload-path.js';
import type { Payload } from '../src/payload/point.js';
import type { FieldCondition } from '../src/field/field-condition.js';
import { TopFacets } from '../src/field/top-facets.js';
import { FieldIndex, type StoredIndex } from '../src/field/field-index.js';
import { FIELD_TYPES, type FieldSchema, resolveFieldSchema } from '../src/field/field-schema.js';
import { fieldValues } from '../src/field/field-values.js';
import { compileCondition } from '../src/field/match-condition.js';

const RUNS = 1500;
const KEYS = ['a', 'b', 'o.x', 'list[].x', 'a[]'];

const conditions = filters.map((json) => conditionsOf(parseFilter(json)));

function conditionsOf({ must, should, mustNot, minShould }: Filter): FieldCondition[] {
  return [...must, ...should, ...mustNot, ...(minShould?.conditions ?? [])].flatMap(inner);
}

function inner(condition: Condition): FieldCondition[] {
  if (condition.kind === 'field') return [condition.condition];
  return condition.kind === 'filter' || condition.kind === 'nested' ? conditionsOf(condition.filter) : [];
}

const schemas = fc.oneof(
  fc.constantFrom(...FIELD_TYPES).map((type) => resolveFieldSchema('a', type)),
  fc.constant(resolveFieldSchema('a', { type: 'text', text: { tokenizer: 'prefix', minTokenLength: 2 } })),
);

/** Changes a row: new, another payload, or gone. */
const steps = fc.array(fc.tuple(fc.nat(12), fc.option(payloads, { nil: undefined, freq: 4 })), { maxLength: 40 });

/** Rows far apart too, so that there are several pages. */
const rowOf = (at: number): number => (at % 3) * 16_384 * 2 + at;

function expectSame(
  index: FieldIndex,
  all: ReadonlyMap<number, Payload | null>,
  key: string,
  schema: FieldSchema,
  asked: readonly FieldCondition[],
): void {
  const live = new RoaringBitmap32([...all.keys()]);
  const path = parsePath(key);
  for (const condition of asked) {
    const matches = compileCondition(condition, schema.text);
    const expected = [...all].filter(([, payload]) => matches(fieldValues(payload, path))).map(([row]) => row);
    const { rows, isExact } = index.rowsOf(condition, live);
    const found = RoaringBitmap32.and(rows, live);
    const sorted = expected.sort((a, b) => a - b);
    if (isExact) expect([...found]).toEqual(sorted);
    else expect([...RoaringBitmap32.and(found, new RoaringBitmap32(sorted))]).toEqual(sorted);
    expect(index.estimate(condition, live)).toBeGreaterThanOrEqual(0);
  }
}

function stored(index: FieldIndex): StoredIndex {
  const pages = new Map<number, Map<number, Uint8Array>>();
  for (const [part, page] of index.changedPages()) {
    const bytes = index.encodePage(part, page);
    if (bytes === undefined) continue;
    if (!pages.has(part)) pages.set(part, new Map());
    pages.get(part)?.set(page, bytes);
  }
  return { sets: index.encodeSets(), pages };
}

describe('the index of a field', () => {
  it('answers as payloads do, through changes and after it was stored', () => {
    fc.assert(
      fc.property(
        schemas,
        fc.constantFrom(...KEYS),
        steps,
        conditions,
        fc.array(fc.nat(12)),
        (schema, key, changes, asked, dying) => {
          const index = new FieldIndex(key, schema);
          const all = new Map<number, Payload | null>();
          for (const [at, payload] of changes) {
            const row = rowOf(at);
            index.remove(row);
            all.delete(row);
            if (payload === undefined) continue;
            index.put(row, payload);
            all.set(row, payload);
          }
          expectSame(index, all, key, schema, asked);
          const pages = stored(index);
          for (const at of dying) all.delete(rowOf(at));
          const loaded = new FieldIndex(key, schema);
          expect(loaded.load(pages, new RoaringBitmap32([...all.keys()]), (row) => !all.has(row))).toBe(true);
          expectSame(loaded, all, key, schema, asked);
          for (const [at, payload] of changes.slice(0, 5)) {
            loaded.remove(rowOf(at));
            loaded.put(rowOf(at), payload ?? null);
            all.set(rowOf(at), payload ?? null);
          }
          expectSame(loaded, all, key, schema, asked);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('stores again what changed only', () => {
    const index = new FieldIndex('a', resolveFieldSchema('a', 'keyword'));
    for (let row = 0; row < 40_000; row += 1) index.put(row, { a: `v${row % 10}` });
    expect(index.changedPages()).toHaveLength(4);
    index.markStored();
    index.remove(20_000);
    index.put(20_000, { a: 'v3' });
    expect(index.changedPages()).toEqual([[0, 1]]);
  });

  it('counts values', () => {
    const index = new FieldIndex('a', resolveFieldSchema('a', 'keyword'));
    const values = ['x', 'y', ['x', 'y'], 'x', null, 7, true];
    for (const [row, a] of values.entries()) index.put(row, { a });
    const facet = (rows: RoaringBitmap32 | null, limit: number) => {
      const top = new TopFacets(limit);
      for (const hit of index.facets(rows) ?? []) if (hit !== undefined) top.add(hit);
      return top.sorted();
    };
    expect(facet(null, 2)).toEqual([
      { value: 'x', count: 3 },
      { value: 'y', count: 2 },
    ]);
    expect(facet(new RoaringBitmap32([1, 2, 5, 6]), 9)).toEqual([
      { value: 'y', count: 2 },
      { value: true, count: 1 },
      { value: 7, count: 1 },
      { value: 'x', count: 1 },
    ]);
  });
});
