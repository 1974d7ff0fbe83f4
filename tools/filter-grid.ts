// Filters over a range of selectivities for any collection: some of its points by their ids, which has nothing to do with
// where they lie, and for each indexed field the values and ranges that come nearest to each selectivity.
import type { Collection, FacetHit, FieldStatus, PointId } from '../src/index.js';
import { linearRandom } from './random.js';

export const SELECTIVITIES = [0.0001, 0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.9] as const;

export interface GridFilter {
  label: string;
  filter: unknown;
}

/** Conditions on more ids than these say little more, and take long to read. */
const IDS_MAX = 200_000;
const VALUES_MAX = 1000;

export async function filterGrid(collection: Collection): Promise<GridFilter[]> {
  const grid = await byIds(collection);
  for (const field of collection.fieldIndexes()) {
    if (!field.isReady) continue;
    if (['keyword', 'bool', 'uuid'].includes(field.schema.type)) grid.push(...(await byValue(collection, field)));
    else if (['integer', 'float'].includes(field.schema.type)) grid.push(...(await byRange(collection, field)));
  }
  return grid;
}

async function byIds(collection: Collection): Promise<GridFilter[]> {
  const ids: PointId[] = [];
  for await (const { id } of collection.scroll({ withPayload: false })) ids.push(id);
  shuffle(ids);
  return SELECTIVITIES.flatMap((share) => {
    const few = Math.round(Math.min(share, 1 - share) * ids.length);
    if (few === 0 || few > IDS_MAX) return [];
    const some = [{ has_id: ids.slice(0, few) }];
    return [{ label: 'ids, at random', filter: share <= 0.5 ? { must: some } : { must_not: some } }];
  });
}

async function byValue(collection: Collection, { key }: FieldStatus): Promise<GridFilter[]> {
  const hits = await collection.facet(key, { limit: VALUES_MAX });
  const chosen = new Set<FacetHit>();
  for (const share of SELECTIVITIES) {
    const wanted = share * collection.count();
    const nearest = closest(hits, ({ count }) => count, wanted);
    if (nearest !== undefined) chosen.add(nearest);
  }
  return [...chosen].map(({ value }) => ({
    label: `${key} = ${String(value)}`,
    filter: { must: { key, match: { value } } },
  }));
}

async function byRange(collection: Collection, { key, schema }: FieldStatus): Promise<GridFilter[]> {
  const grid = new Map<number, GridFilter>();
  for (const share of SELECTIVITIES) {
    const wanted = share * collection.count();
    const bound = await boundOf(collection, key, wanted, { isWhole: schema.type === 'integer' });
    grid.set(bound, { label: `${key} <= ${bound}`, filter: { must: { key, range: { lte: bound } } } });
  }
  return [...grid.values()];
}

const HALVINGS = 40;

/** The least number up to which there are as many points as wanted, of those that match `base`. */
export async function boundOf(
  collection: Collection,
  key: string,
  wanted: number,
  { isWhole, base = [] }: { isWhole: boolean; base?: readonly unknown[] },
): Promise<number> {
  const end = async (direction: 'asc' | 'desc'): Promise<number> =>
    (await collection.orderedPoints(1, { orderBy: key, direction, withPayload: false }))[0]?.orderValue ?? 0;
  let [low, high] = [await end('asc'), await end('desc')];
  for (let time = 0; time < HALVINGS && high - low > (isWhole ? 1 : 0); time += 1) {
    const middle = isWhole ? Math.floor((low + high) / 2) : (low + high) / 2;
    const matches = await collection.countWhere({ must: [...base, { key, range: { lte: middle } }] });
    if (matches >= wanted) high = middle;
    else low = middle;
  }
  return high;
}

/** By the quotient; undefined where all are more than twice or less than half of what is wanted. */
function closest<T>(values: readonly T[], numberOf: (value: T) => number, wanted: number): T | undefined {
  const off = (value: T): number => Math.abs(Math.log(numberOf(value) / wanted));
  const [best] = [...values].sort((a, b) => off(a) - off(b));
  return best !== undefined && off(best) <= Math.LN2 ? best : undefined;
}

// The same order every time.
function shuffle(values: unknown[]): void {
  const random = linearRandom(1);
  for (let at = values.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [values[at], values[other]] = [values[other], values[at]];
  }
}
