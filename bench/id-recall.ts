// Tie-aware recall of anybody's result ids: a returned row is right when its exact distance is not above the k-th true
// one. Distances are computed by one function for truth and results (vectors.ts), so that every peer is counted alike
// whatever distances it reports. Holds the base set in RAM, in its own element type.
import { missingDistances, type RecallInput, tieAwareRecall } from '../src/segment/recall.js';
import { readIds } from '../src/source/ids.js';
import type { DataSet } from './data-sets.js';
import { distanceOf, loadVectors, withSlack } from './vectors.js';

/** Pads result ids where fewer than k were found. */
export const NO_ID = 0xffff_ffff;

export interface Recaller {
  /** `ids`: count x k, of the queries at the first `count` positions. */
  recall(ids: Uint32Array, count: number, k: number): number;
}

/** `queryAt`: which query of the set was asked at a position; the same number by default. */
export async function createRecaller(
  set: DataSet,
  queryAt: (position: number, count: number) => number = (position) => position,
): Promise<Recaller> {
  const [base, queries, stored] = await Promise.all([
    loadVectors(set.base),
    loadVectors(set.queries),
    readIds(set.truth),
  ]);
  const order = Uint32Array.from({ length: queries.rows }, (_, position) => queryAt(position, queries.rows));
  const truth = new Uint32Array(stored.ids.length);
  for (const [position, query] of order.entries()) {
    truth.set(stored.ids.subarray(query * stored.k, (query + 1) * stored.k), position * stored.k);
  }
  const distance = distanceOf(set.metric);
  return {
    recall(ids, count, k) {
      const distances = Float64Array.from(ids.subarray(0, count * k), (id, at) => {
        return id < base.rows ? distance(queries, order[Math.floor(at / k)] ?? 0, base, id) : Number.POSITIVE_INFINITY;
      });
      const rows = ids.subarray(0, count * k).map((id) => (id < base.rows ? id : NO_ID));
      const input: RecallInput = {
        rows,
        distances,
        count,
        k,
        noRow: NO_ID,
        truth,
        truthWidth: stored.k,
      };
      const bounds = missingDistances(input).map(
        ({ query, row }) => [query, withSlack(distance(queries, order[query] ?? 0, base, row))] as const,
      );
      return tieAwareRecall(input, new Map(bounds));
    },
  };
}
