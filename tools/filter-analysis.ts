// What each way of searching with a filter costs and finds, on one collection: measured side by side, in rounds that take
// turns, so that what disturbs the machine disturbs all of them. Shared by `vamana analyze-filters` and bench/filters.ts.
import type { Collection, CollectionSearchOptions, ScoredPoint, SearchStrategy } from '../src/index.js';
import { mean } from './statistics.js';

export const STRATEGIES = ['codes', 'walk', 'post'] as const satisfies readonly SearchStrategy[];

/** A search, or one of the strategies forced. */
export type Way = 'auto' | SearchStrategy;

export interface Measured {
  /** Mean latency of a query, of the median round. */
  us: number;
  /** Tie-aware; of results that there can be. */
  recall: number;
  /** Every query had min(k, matches) results. */
  isComplete: boolean;
}

export interface FilterCell {
  points: number;
  matches: number;
  /** matches / points. */
  selectivity: number;
  ways: Record<Way, Measured>;
  /** What the planner took, for how many of the queries. */
  picks: Partial<Record<SearchStrategy, number>>;
  /** The fastest strategy of those that find enough, or else the one that finds most. */
  best: SearchStrategy;
  /** Time of the strategies that the planner took, as they were when forced, over that of the best one. */
  ratio: number;
  /** Searches without the filter, in turns with the others; absent where none were asked for. */
  plain?: CurvePoint[];
}

export interface CurvePoint extends Measured {
  listSize: number;
}

export interface AnalysisOptions {
  k: number;
  listSize: number;
  rounds: number;
  /** What a strategy must find to count as the best. */
  recallMin: number;
  /** List sizes of searches without the filter that are measured too; none by default. */
  plainSizes?: readonly number[];
  signal?: AbortSignal;
}

const TIES = 1e-6;

export async function analyseFilter(
  collection: Collection,
  queries: readonly Float32Array[],
  filter: unknown,
  options: AnalysisOptions,
): Promise<FilterCell> {
  const { k, listSize, recallMin, plainSizes = [] } = options;
  const matches = await collection.countWhere(filter);
  const points = collection.count();
  const truth = await exactAnswers(collection, queries, filter, options);
  const ways: Way[] = ['auto', ...STRATEGIES];
  const picks: FilterCell['picks'] = {};
  const filtered = ways.map((strategy) => ({ k, listSize, filter, strategy }));
  const all = await inTurns(collection, queries, [...filtered, ...plainSearches(plainSizes, k)], options);
  const found = ways.map((way, at) => [way, all[at] as Timed] as const);
  const plainTruth = plainSizes.length === 0 ? [] : await exactAnswers(collection, queries, undefined, options);
  for (const query of queries) {
    const { plan } = await collection.explain(query, { k, listSize, filter });
    const last = plan.strategies.at(-1);
    if (last !== undefined) picks[last] = (picks[last] ?? 0) + 1;
  }
  const measured = Object.fromEntries(
    found.map(([way, { us, hits }]) => [
      way,
      {
        us,
        recall: recallOf(hits, truth),
        isComplete: hits.every(({ length }) => length === Math.min(k, matches)),
      },
    ]),
  ) as FilterCell['ways'];
  const best = bestOf(measured, recallMin);
  const ratio = usOfPicks(measured, picks) / measured[best].us;
  const selectivity = points === 0 ? 0 : matches / points;
  const cell = { points, matches, selectivity, ways: measured, picks, best, ratio };
  if (plainSizes.length === 0) return cell;
  return { ...cell, plain: curveOf(plainSizes, all.slice(ways.length), plainTruth) };
}

/** Searches without a filter by list size: what a filtered one at the same recall is compared with. */
export async function plainCurve(
  collection: Collection,
  queries: readonly Float32Array[],
  listSizes: readonly number[],
  options: Pick<AnalysisOptions, 'k' | 'rounds'>,
): Promise<CurvePoint[]> {
  const truth = await exactAnswers(collection, queries, undefined, options);
  return curveOf(listSizes, await inTurns(collection, queries, plainSearches(listSizes, options.k), options), truth);
}

function plainSearches(listSizes: readonly number[], k: number): CollectionSearchOptions[] {
  return listSizes.map((listSize) => ({ k, listSize }));
}

function curveOf(
  listSizes: readonly number[],
  timed: readonly Timed[],
  truth: readonly (readonly ScoredPoint[])[],
): CurvePoint[] {
  return listSizes.map((listSize, at) => {
    const { us, hits } = timed[at] as Timed;
    return { listSize, us, recall: recallOf(hits, truth), isComplete: true };
  });
}

interface Timed {
  /** Mean of a query, of the median round. */
  us: number;
  /** Of the first round, by query. */
  hits: ScoredPoint[][];
}

/** Each of the searches for all queries, in rounds that begin with another one each. */
async function inTurns(
  collection: Collection,
  queries: readonly Float32Array[],
  searches: readonly CollectionSearchOptions[],
  { rounds, signal }: Pick<AnalysisOptions, 'rounds' | 'signal'>,
): Promise<Timed[]> {
  const found = searches.map((search) => ({ search, us: [] as number[], hits: [] as ScoredPoint[][] }));
  for (let round = 0; round < rounds; round += 1) {
    for (const one of rotated(found, round)) {
      signal?.throwIfAborted();
      const hits: ScoredPoint[][] = [];
      const began = performance.now();
      for (const query of queries) hits.push(await collection.search(query, one.search));
      one.us.push(((performance.now() - began) * 1000) / queries.length);
      if (round === 0) one.hits = hits;
    }
  }
  return found.map(({ us, hits }) => ({ us: median(us), hits }));
}

/** Time of a plain search that finds as much, between the points of the curve; of its last point where none does. */
export function plainUsAt(curve: readonly CurvePoint[], recall: number): number {
  const [first, ...others] = curve;
  if (first === undefined) return Number.NaN;
  let before = first;
  if (recall <= first.recall) return first.us;
  for (const point of others) {
    if (point.recall >= recall) {
      const share = point.recall === before.recall ? 1 : (recall - before.recall) / (point.recall - before.recall);
      return before.us + share * (point.us - before.us);
    }
    before = point;
  }
  return before.us;
}

async function exactAnswers(
  collection: Collection,
  queries: readonly Float32Array[],
  filter: unknown,
  { k, signal }: Pick<AnalysisOptions, 'k' | 'signal'>,
): Promise<ScoredPoint[][]> {
  const answers: ScoredPoint[][] = [];
  for (const query of queries) {
    signal?.throwIfAborted();
    const search = { k, exact: true, ...(filter === undefined ? {} : { filter }) };
    answers.push(await collection.search(query, search));
  }
  return answers;
}

/** A result counts when it is no farther than the last true one. */
function recallOf(hits: readonly (readonly ScoredPoint[])[], truth: readonly (readonly ScoredPoint[])[]): number {
  let near = 0;
  let wanted = 0;
  for (const [at, expected] of truth.entries()) {
    const last = expected.at(-1)?.distance ?? 0;
    const limit = last + Math.abs(last) * TIES;
    near += (hits[at] ?? []).filter(({ distance }) => distance <= limit).length;
    wanted += expected.length;
  }
  return wanted === 0 ? 1 : near / wanted;
}

/** Of no picks the planner's own time: nothing was there to be searched. */
function usOfPicks(ways: FilterCell['ways'], picks: FilterCell['picks']): number {
  const taken = STRATEGIES.map((way): [way: SearchStrategy, queries: number] => [way, picks[way] ?? 0]);
  const queries = taken.reduce((sum, [, count]) => sum + count, 0);
  if (queries === 0) return ways.auto.us;
  return taken.reduce((sum, [way, count]) => sum + count * ways[way].us, 0) / queries;
}

function bestOf(ways: FilterCell['ways'], recallMin: number): SearchStrategy {
  const enough = STRATEGIES.filter((way) => ways[way].isComplete && ways[way].recall >= recallMin);
  if (enough.length > 0) return enough.reduce((a, b) => (ways[b].us < ways[a].us ? b : a));
  return STRATEGIES.reduce((a, b) => (ways[b].recall > ways[a].recall ? b : a));
}

/** Of no values NaN. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : mean(sorted.slice(middle - 1, middle + 1));
}

function rotated<T>(values: readonly T[], by: number): T[] {
  const at = by % values.length;
  return [...values.slice(at), ...values.slice(0, at)];
}
