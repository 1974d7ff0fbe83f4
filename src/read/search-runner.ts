// One native search, with or without a filter: from options to the addon's parameters, and from its costs to what an
// explanation says. Called by collection-reader.ts.
import { loadNative, NATIVE_STRATEGIES, type NativeFilterStrategy, type NativeSearchResult } from '../binding.js';
import { cancellable } from '../segment/cancellable.js';
import { rerankDepth, wantsEstimates } from '../segment/open-index.js';
import type { CollectionSnapshot } from '../snapshot/collection-snapshot.js';
import type { CollectionSearchOptions } from './read-options.js';
import type { FilterMaker, RowSet } from './row-set-cache.js';

export type SearchStrategy = Exclude<NativeFilterStrategy, 'auto'>;

/** How matching points were looked for: means over the queries. */
export interface SearchExplanation {
  /** Points of the collection, and those that match. */
  points: number;
  matches: number;
  /** How many there were thought to be, by the indexes of fields, before they were found. */
  estimate: number;
  /** Of each: by codes of the matching rows, by a walk through them, or by one that keeps what matches. */
  strategies: SearchStrategy[];
  /** Microseconds of walking, as planned and as they were; then reading and ranking. */
  expectedUs: number;
  walkUs: number;
  readUs: number;
  rankUs: number;
  codesScored: number;
  vectorsScored: number;
  hops: number;
  reads: number;
}

export interface SearchRun {
  hits: NativeSearchResult;
  k: number;
}

export async function runSearch(
  snapshot: CollectionSnapshot,
  { bytes, count }: { bytes: Uint8Array; count: number },
  options: CollectionSearchOptions,
  { rows, costs, space, store }: { rows: RowSet | null; costs: boolean; space: number; store: FilterMaker },
): Promise<SearchRun> {
  const native = loadNative();
  const { defaults } = native.constants;
  const { k = defaults.k, listSize = defaults.listSize, exact = false, signal, strategy = 'auto' } = options;
  const params = {
    k,
    listSize,
    rerank: rerankDepth(options.rerank),
    exact,
    approximate: wantsEstimates(options.scores),
    costs: costs || options.onCosts !== undefined,
    ...(rows === null ? {} : { filter: rows.native(store), strategy }),
  };
  const hits = await cancellable(native, signal, (cancel) =>
    snapshot.native(space).search(bytes, count, params, cancel),
  );
  if (hits.costs !== undefined) options.onCosts?.(hits.costs);
  return { hits, k };
}

/** REQUIRES hits with their costs. */
export function explain(
  snapshot: CollectionSnapshot,
  rows: RowSet | null,
  hits: NativeSearchResult,
): SearchExplanation {
  const { costs } = hits;
  if (costs === undefined) throw new TypeError('a search without costs cannot be explained');
  const mean = (column: ArrayLike<number>): number =>
    Array.from(column).reduce((sum, value) => sum + value, 0) / Math.max(1, column.length);
  const used = costs.strategies.reduce((bits, each) => bits | each, 0);
  const points = snapshot.meta.count;
  return {
    points,
    matches: rows?.count ?? points,
    estimate: rows?.estimate ?? points,
    strategies: NATIVE_STRATEGIES.filter((_, bit) => (used & (1 << bit)) !== 0),
    expectedUs: mean(costs.expectedUs),
    walkUs: mean(costs.walkUs),
    readUs: mean(costs.readUs),
    rankUs: mean(costs.rankUs),
    codesScored: mean(costs.codesScored),
    vectorsScored: mean(costs.vectorsScored),
    hops: mean(costs.hops),
    reads: mean(costs.reads),
  };
}
