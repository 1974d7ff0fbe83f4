// Search results as users see them: rows and distances of the native engine made into points. All queries of a call
// share one read, in which a row that several of them found is read once; one alone finds no row twice.
import { NO_ROW } from '../limits.js';
import type { MetaSnapshot } from '../meta/meta-snapshot.js';
import { assemblePoints, type Point, type PointOptions } from './assemble.js';

export interface ScoredPoint extends Point {
  distance: number;
}

/** Flat, as NativeSearchResult: query q has [q * k, (q + 1) * k), nearest first, padded with NO_ROW. */
export interface SearchHits {
  rows: Uint32Array;
  distances: Float32Array;
}

/** The points of each query, nearest first. `meta` is of the snapshot that was searched. */
export async function hydrate(
  meta: MetaSnapshot,
  { rows, distances }: SearchHits,
  k: number,
  options: PointOptions,
): Promise<ScoredPoint[][]> {
  if (rows.length === k) return [await hydrateOne(meta, { rows, distances }, options)];
  const distinct = Uint32Array.from(new Set(rows)).filter((row) => row !== NO_ROW);
  const points = await assemblePoints(meta, distinct, options);
  const byRow = new Map(points.map((point, at) => [distinct[at] as number, point]));
  return Array.from({ length: rows.length / k }, (_, query) => {
    const found: ScoredPoint[] = [];
    for (let at = query * k; at < (query + 1) * k; at += 1) {
      const point = byRow.get(rows[at] as number);
      if (point !== undefined) found.push({ ...point, distance: distances[at] as number });
    }
    return found;
  });
}

async function hydrateOne(
  meta: MetaSnapshot,
  { rows, distances }: SearchHits,
  options: PointOptions,
): Promise<ScoredPoint[]> {
  const padding = rows.indexOf(NO_ROW);
  const points = await assemblePoints(meta, padding === -1 ? rows : rows.subarray(0, padding), options);
  return points.map((point, at) => ({ ...point, distance: distances[at] as number }));
}
