// What all ways of answering a query have in common: points of a list, the engine's options for a plan, its answer as
// scores, and the mean of vectors. Called by search.ts, search-many.ts and recommend.ts.
import type { Space } from '../config/spaces.js';
import type { PointId } from '../payload/point.js';
import type { Point } from '../read/assemble.js';
import type { ScoredPoint } from '../read/hydrate.js';
import type { CollectionSearchOptions } from '../read/read-options.js';
import { filterOption } from './filter-option.js';
import type { Plan } from './read-query.js';
import { scoreOf } from './scores.js';
import type { PointShape, Shown } from './wire-point.js';

/** A point of a list; what it shows comes last, for those that are answered only. */
export interface Hit {
  key: PointId;
  score: number;
  /** By which an order puts it where it is. */
  order?: number;
  point?: Point;
}

/** A point that is answered. */
export type Found = Hit & { point: Point };

/** What the engine is asked for a plan's own k nearest. */
export function searchOptions({ tuning, filter, using }: Plan, shown: Shown, k: number): CollectionSearchOptions {
  const { listSize, exact, rerank } = tuning;
  return {
    ...shown,
    ...filterOption(filter),
    using,
    k,
    exact,
    listSize: Math.max(listSize, k),
    ...(rerank === undefined ? {} : { rerank: Math.max(rerank, k) }),
  };
}

/** Who hears of a search, to be spread into its options. */
export function listeners({
  onCosts,
  onFiltered,
}: PointShape): Pick<CollectionSearchOptions, 'onCosts' | 'onFiltered'> {
  return { ...(onCosts === undefined ? {} : { onCosts }), ...(onFiltered === undefined ? {} : { onFiltered }) };
}

export function hitsOf(points: readonly ScoredPoint[], { metric }: Pick<Space, 'metric'>): Found[] {
  return points.map((point) => ({ key: point.id, score: scoreOf(metric, point.distance), point }));
}

export function mean(vectors: readonly ArrayLike<number>[], dim: number): Float32Array {
  const result = new Float32Array(dim);
  for (const vector of vectors)
    for (let at = 0; at < dim; at += 1) result[at] = (result[at] as number) + (vector[at] as number) / vectors.length;
  return result;
}
