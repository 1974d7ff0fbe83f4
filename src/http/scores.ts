// Scores as Qdrant gives them, out of distances as the library has them, and exact scores of vectors at hand, for
// prefetched candidates. Cosine and dot products descend; Euclid (not squared) and Manhattan are distances and ascend.
import type { NativeMetric } from '../binding.js';
import type { PointVector } from '../read/assemble.js';

export const DISTANCES = ['Cosine', 'Euclid', 'Dot', 'Manhattan'] as const;
export type Distance = (typeof DISTANCES)[number];

const METRICS = {
  Cosine: 'cosine',
  Euclid: 'l2',
  Dot: 'dot',
  Manhattan: 'l1',
} as const satisfies Record<Distance, NativeMetric>;

export function metricOf(distance: Distance): NativeMetric {
  return METRICS[distance];
}

export function distanceOf(metric: NativeMetric): Distance {
  return DISTANCES.find((name) => METRICS[name] === metric) as Distance;
}

export function ascends(metric: NativeMetric): boolean {
  return metric === 'l2' || metric === 'l1';
}

export function scoreOf(metric: NativeMetric, distance: number): number {
  // Not -0, which JSON would write as 0 and comparisons take for less.
  if (metric === 'dot') return 0 - distance;
  if (metric === 'cosine') return Math.fround(1 - distance);
  return metric === 'l2' ? Math.fround(Math.sqrt(distance)) : distance;
}

/** Whether a score is as good as the threshold: an upper bound where scores ascend. */
export function passes(metric: NativeMetric, score: number, threshold: number): boolean {
  return ascends(metric) ? score <= threshold : score >= threshold;
}

export function exactScore(metric: NativeMetric, query: ArrayLike<number>, vector: PointVector): number {
  if (metric === 'l2')
    return Math.fround(Math.sqrt(sumOf(vector, (value, at) => (value - (query[at] as number)) ** 2)));
  if (metric === 'l1') return Math.fround(sumOf(vector, (value, at) => Math.abs(value - (query[at] as number))));
  const product = sumOf(vector, (value, at) => value * (query[at] as number));
  if (metric === 'dot') return Math.fround(product);
  const lengths = Math.sqrt(sumOf(vector, (value) => value * value) * sumOf(query, (value) => value * value));
  return lengths === 0 ? 0 : Math.fround(product / lengths);
}

function sumOf(values: ArrayLike<number>, term: (value: number, at: number) => number): number {
  let sum = 0;
  for (let at = 0; at < values.length; at += 1) sum += term(values[at] as number, at);
  return sum;
}
