// What a linear map loses, measured on pairs that it was not fitted to: how far mapped vectors are from true ones, and how
// many of the true neighbours they still find. Pure; called by linear-map.ts.
import type { NativeMetric } from '../binding.js';
import { type LinearMap, type MapQuality, mapVector, type VectorPair } from './map-vector.js';

export function measureMap(
  map: LinearMap,
  pairs: readonly VectorPair[],
  metric: NativeMetric,
  k: number,
): Omit<MapQuality, 'pairs'> {
  const mapped = pairs.map(({ from }) => mapVector(map, from));
  const truth = pairs.map(({ to }) => to);
  const wanted = Math.min(k, pairs.length - 1);
  let found = 0;
  for (const [at, vector] of mapped.entries()) {
    const expected = new Set(nearest(truth[at] as ArrayLike<number>, truth, at, metric, wanted));
    found += nearest(vector, truth, at, metric, wanted).filter((other) => expected.has(other)).length;
  }
  return {
    heldOut: pairs.length,
    error: squaredError(mapped, truth),
    recall: found / (wanted * pairs.length),
    k: wanted,
  };
}

/** Places of the nearest to a vector, without the one that it is of. */
function nearest(
  vector: ArrayLike<number>,
  all: readonly ArrayLike<number>[],
  itself: number,
  metric: NativeMetric,
  count: number,
): number[] {
  const distances = all.map((other, at) =>
    at === itself ? Number.POSITIVE_INFINITY : distance(metric, vector, other),
  );
  return [...distances.keys()].sort((a, b) => (distances[a] as number) - (distances[b] as number)).slice(0, count);
}

function distance(metric: NativeMetric, a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (metric === 'dot') return -sum(a, (value, at) => value * (b[at] as number));
  if (metric === 'l1') return sum(a, (value, at) => Math.abs(value - (b[at] as number)));
  if (metric === 'l2') return sum(a, (value, at) => (value - (b[at] as number)) ** 2);
  // The length of the one that is asked by changes no order.
  const length = Math.sqrt(sum(b, (value) => value * value));
  return length === 0 ? 0 : -sum(a, (value, at) => value * (b[at] as number)) / length;
}

function squaredError(mapped: readonly ArrayLike<number>[], truth: readonly ArrayLike<number>[]): number {
  const [first] = truth as [ArrayLike<number>];
  const mean = Float64Array.from(
    first,
    (_, at) => truth.reduce((total, one) => total + (one[at] as number), 0) / truth.length,
  );
  let off = 0;
  let spread = 0;
  for (const [at, vector] of truth.entries()) {
    off += distance('l2', vector, mapped[at] as ArrayLike<number>);
    spread += distance('l2', vector, mean);
  }
  return spread === 0 ? 0 : off / spread;
}

function sum(values: ArrayLike<number>, term: (value: number, at: number) => number): number {
  let total = 0;
  for (let at = 0; at < values.length; at += 1) total += term(values[at] as number, at);
  return total;
}
