// The queries of one request. Those that ask the engine for the nearest to a vector in the same way, as batches mostly
// do, go to it as one call, which is what the engine is quickest at; the others are answered side by side. Called by
// read-routes.ts.
import type { SearchCosts } from './metrics.js';
import type { Plan } from './read-query.js';
import { passes } from './scores.js';
import { type Found, hitsOf, listeners, searchOptions } from './hits.js';
import { answer } from './search.js';
import type { Spent } from './spent.js';
import { writeJson } from './wire-json.js';
import type { PointShape, Shown } from './wire-point.js';

export interface Asked {
  plan: Plan;
  shown: Shown;
  /** Where somebody wants to know. */
  spent?: Spent;
}

/** Queries of one call: what is made of their answers then holds the event loop up for a short time only. */
const CALL_QUERIES_MAX = 64;
/** Of one request that the engine has at once: enough to keep it busy, and few for whoever comes with one query. */
const QUERIES_AT_ONCE = 128;

/** The points of each, in order. */
export async function answerMany(asked: readonly Asked[], shape: PointShape, signal: AbortSignal): Promise<Found[][]> {
  const lists: Found[][] = asked.map(() => []);
  const call = async (places: readonly number[]): Promise<void> => {
    const members = places.map((place) => asked[place] as Asked);
    const found =
      members.length === 1 ? [await alone(members[0] as Asked, shape, signal)] : await together(members, shape, signal);
    for (const [at, place] of places.entries()) lists[place] = found[at] ?? [];
  };
  await inFlight(groups(asked), call);
  return lists;
}

/** The calls in their order, of so many queries at once; none is begun any more once one has failed. */
async function inFlight(
  calls: readonly (readonly number[])[],
  call: (places: readonly number[]) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let queries = 0;
  for (const places of calls) {
    while (queries > 0 && queries + places.length > QUERIES_AT_ONCE) await Promise.race(running);
    if (failures.length > 0) break;
    queries += places.length;
    const one = call(places)
      .catch((error) => failures.push(error))
      .then(() => {
        queries -= places.length;
        running.delete(one);
      });
    running.add(one);
  }
  await Promise.all(running);
  if (failures.length > 0) throw failures[0];
}

/** Places of queries that can be one call. */
function groups(asked: readonly Asked[]): number[][] {
  if (asked.length === 1) return [[0]];
  const all: number[][] = [];
  const open = new Map<string, number[]>();
  for (const [place, { plan, shown }] of asked.entries()) {
    const key = vectorOf(plan) === undefined ? undefined : keyOf(plan, shown);
    let group = key === undefined ? undefined : open.get(key);
    if (group === undefined || group.length >= CALL_QUERIES_MAX) {
      group = [];
      all.push(group);
      if (key !== undefined) open.set(key, group);
    }
    group.push(place);
  }
  return all;
}

function keyOf(plan: Plan, shown: Shown): string {
  const { tuning, filter, limit, offset, using } = plan;
  return writeJson([using, tuning, filter ?? null, limit + offset, shown]);
}

/** Of a query that is nothing but that vector. */
function vectorOf({ ranking, prefetch }: Plan): ArrayLike<number> | undefined {
  if (ranking.kind !== 'nearest' || prefetch.length > 0 || ranking.negative.length > 0) return undefined;
  const [only, ...others] = ranking.positive;
  // One that is looked up elsewhere is an id.
  return typeof only === 'object' && others.length === 0 ? only : undefined;
}

function alone({ plan, shown, spent }: Asked, shape: PointShape, signal: AbortSignal): Promise<Found[]> {
  if (spent === undefined) return answer(plan, shape, shown, signal);
  const onCosts = (costs: SearchCosts): void => {
    shape.onCosts?.(costs);
    spent.add(costs);
  };
  return answer(plan, { ...shape, onCosts }, shown, signal);
}

async function together(members: readonly Asked[], shape: PointShape, signal: AbortSignal): Promise<Found[][]> {
  const { collection } = shape;
  const [{ plan, shown }] = members as [Asked];
  const { dim, metric } = plan.space;
  const queries = new Float32Array(members.length * dim);
  for (const [at, member] of members.entries()) queries.set(vectorOf(member.plan) ?? [], at * dim);
  const onCosts = (costs: SearchCosts): void => {
    shape.onCosts?.(costs);
    for (const [at, { spent }] of members.entries()) spent?.addQuery(costs, at);
  };
  const options = {
    ...searchOptions(plan, shown, plan.limit + plan.offset),
    signal,
    ...listeners({ ...shape, onCosts }),
  };
  const found = await collection.searchBatch(queries, options);
  return members.map(({ plan: { threshold, offset, limit } }, at) => {
    const hits = hitsOf(found[at] ?? [], { metric });
    const kept = threshold === undefined ? hits : hits.filter(({ score }) => passes(metric, score, threshold));
    return kept.slice(offset, offset + limit);
  });
}
