// What the queries of one request cost, all together: an answer has it beside its result with `?cost=true`. Times are of
// the engine, in microseconds; queries that ran at the same time are added up.
import type { SearchCosts } from './metrics.js';

const SUMS = [
  ['hops', 'hops'],
  ['codesScored', 'codes_scored'],
  ['vectorsScored', 'vectors_scored'],
  ['reads', 'reads'],
  ['cacheHits', 'cache_hits'],
  ['reranked', 'reranked'],
  ['walkUs', 'walk_us'],
  ['readUs', 'read_us'],
  ['rankUs', 'rank_us'],
  ['totalUs', 'total_us'],
] as const;

export class Spent {
  private readonly sums: Record<string, number> = Object.fromEntries([
    ['queries', 0],
    ...SUMS.map(([, name]) => [name, 0] as const),
  ]);

  add(costs: SearchCosts): void {
    for (let at = 0; at < costs.walkUs.length; at += 1) this.addQuery(costs, at);
  }

  /** One of the queries of a call. */
  addQuery(costs: SearchCosts, at: number): void {
    this.count('queries', 1);
    for (const [column, name] of SUMS) this.count(name, costs[column][at] ?? 0);
  }

  /** As answers have it. */
  get values(): Readonly<Record<string, number>> {
    return this.sums;
  }

  private count(name: string, value: number): void {
    this.sums[name] = (this.sums[name] ?? 0) + value;
  }
}
