// Means and percentiles of per-query costs. Percentiles are nearest-rank: always a value that was measured.

export interface Latency {
  mean: number;
  p50: number;
  p95: number;
  p99: number;
  p999: number;
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < values.length; at += 1) sum += values[at] ?? 0;
  return values.length === 0 ? Number.NaN : sum / values.length;
}

/** `sorted` ascending; `share` in (0, 1]. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  // The subtraction keeps 0.95 * 100, which is 95.00000000000001 in floating point, at rank 95.
  const rank = Math.max(1, Math.ceil(share * sorted.length - 1e-9));
  return sorted[rank - 1] ?? Number.NaN;
}

export function summarizeLatency(values: Float32Array): Latency {
  const sorted = values.slice().sort();
  return {
    mean: mean(values),
    p50: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
    p99: percentile(sorted, 0.99),
    p999: percentile(sorted, 0.999),
  };
}
