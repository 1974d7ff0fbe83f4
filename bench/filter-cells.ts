// The cells of bench/filters.ts: filters from a handful of points to nearly all of them, on fields that follow the
// vectors, on fields that do not, and on both at once; asked by any queries, and by those whose neighbours match least.
import type { Collection } from '../src/index.js';
import { boundOf } from '../tools/filter-grid.js';
import { type FilterSet, RANKS } from './filter-data.js';

export const SHARES = [0.0001, 0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.9] as const;

export interface CellFilter {
  /** What the field has to do with the vectors. */
  kind: 'follows' | 'independent' | 'combined';
  /** The share that was aimed at. */
  share: number;
  label: string;
  filter: { must: unknown[] };
}

export async function cellFilters({ name, collection }: FilterSet): Promise<CellFilter[]> {
  return name === 'gloss' ? glossFilters(collection) : photoFilters();
}

function photoFilters(): CellFilter[] {
  return SHARES.flatMap((share): CellFilter[] => {
    const ranks = Math.max(1, Math.round(share * RANKS));
    const half = Math.max(1, Math.round(Math.sqrt(share) * RANKS));
    const any = { key: 'any', range: { lt: ranks } };
    return [
      { kind: 'independent', share, label: `any < ${ranks}`, filter: { must: [any] } },
      { kind: 'follows', share, label: `near < ${ranks}`, filter: { must: [{ key: 'near', range: { lt: ranks } }] } },
      {
        kind: 'combined',
        share,
        label: `any < ${half}, near < ${half}`,
        filter: {
          must: [
            { key: 'any', range: { lt: half } },
            { key: 'near', range: { lt: half } },
          ],
        },
      },
    ];
  });
}

async function glossFilters(collection: Collection): Promise<CellFilter[]> {
  const cells: CellFilter[] = [];
  for (const share of SHARES) {
    const wanted = share * collection.count();
    const follows = await valuesOf(collection, share <= 0.12 ? 'lexname' : 'pos', wanted);
    cells.push({ kind: 'follows', share, ...follows });
    cells.push({ kind: 'independent', share, ...(await rangeOf(collection, 'gloss_words', wanted)) });
    // Narrowed by a range until it is small enough.
    const capitals = { key: 'capitalised', match: { value: share < 0.2 } };
    const base = [capitals, ...(share < 0.05 ? follows.filter.must : [])];
    cells.push({ kind: 'combined', share, ...(await rangeOf(collection, 'pointers', wanted, base)) });
  }
  return cells;
}

/** The values, most of them rare, whose points together come nearest to what is wanted. */
async function valuesOf(
  collection: Collection,
  key: string,
  wanted: number,
): Promise<Pick<CellFilter, 'label' | 'filter'>> {
  const hits = await collection.facet(key, { limit: 100 });
  const chosen: unknown[] = [];
  let count = 0;
  for (const hit of hits) {
    if (chosen.length > 0 && count + hit.count > 1.1 * wanted) continue;
    if (chosen.length === 0 && hit.count > 1.5 * wanted && hit !== hits.at(-1)) continue;
    chosen.push(hit.value);
    count += hit.count;
  }
  return { label: `${key} in ${chosen.length} values`, filter: { must: [{ key, match: { any: chosen } }] } };
}

async function rangeOf(
  collection: Collection,
  key: string,
  wanted: number,
  base: readonly unknown[] = [],
): Promise<Pick<CellFilter, 'label' | 'filter'>> {
  const bound = await boundOf(collection, key, wanted, { base, isWhole: true });
  const must = [...base, { key, range: { lte: bound } }];
  return { label: `${base.length > 0 ? `${base.length} more, ` : ''}${key} <= ${bound}`, filter: { must } };
}

/** Places of the queries that have the fewest matching points among their true neighbours. */
export async function queriesAgainst(set: FilterSet, filter: unknown, count: number): Promise<number[]> {
  const matching = new Set<number>();
  const { collection, neighbours } = set;
  const asked = [...new Set(neighbours.flat())];
  for (let at = 0; at < asked.length; at += 50_000) {
    const these = { must: [filter, { has_id: asked.slice(at, at + 50_000) }] };
    for await (const { id } of collection.scroll({ filter: these, withPayload: false })) matching.add(Number(id));
  }
  const counts = neighbours.map((ids) => ids.reduce((sum, id) => sum + (matching.has(id) ? 1 : 0), 0));
  const order = counts.map((_, at) => at).sort((a, b) => (counts[a] as number) - (counts[b] as number) || a - b);
  return order.slice(0, count);
}
