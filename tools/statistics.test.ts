// Percentiles and means against values worked out by hand.
import { describe, expect, it } from 'vitest';
import { mean, percentile, summarizeLatency } from './statistics.js';

describe('statistics', () => {
  it('takes nearest-rank percentiles', () => {
    const sorted = Array.from({ length: 100 }, (_, at) => at + 1);
    expect(percentile(sorted, 0.5)).toBe(50);
    expect(percentile(sorted, 0.95)).toBe(95);
    expect(percentile(sorted, 0.999)).toBe(100);
    expect(percentile([7], 0.01)).toBe(7);
    expect(percentile([], 0.5)).toBeNaN();
  });

  it('summarizes in any order and leaves the values alone', () => {
    const values = Float32Array.of(30, 10, 20, 100);
    expect(summarizeLatency(values)).toEqual({ mean: 40, p50: 20, p95: 100, p99: 100, p999: 100 });
    expect([...values]).toEqual([30, 10, 20, 100]);
    expect(mean([])).toBeNaN();
  });
});
