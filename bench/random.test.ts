import { describe, expect, it } from 'vitest';
import { seededRandom } from '../tools/random.js';
import { poissonGap, zipfPicks } from './random.js';

describe('seeded numbers', () => {
  it('of Zipf are picked in proportion to 1 / rank', () => {
    const counts = new Float64Array(100);
    for (const pick of zipfPicks(50_000, 100, seededRandom(1))) counts[pick] = (counts[pick] ?? 0) + 1;
    const total = Array.from({ length: 100 }, (_, at) => 1 / (at + 1)).reduce((a, b) => a + b);
    for (const rank of [1, 2, 10, 100]) {
      const expected = 50_000 / rank / total;
      expect(Math.abs((counts[rank - 1] ?? 0) - expected)).toBeLessThan(5 * Math.sqrt(expected));
    }
    expect([...zipfPicks(3, 1, seededRandom(1))]).toEqual([0, 0, 0]);
  });

  it('of a Poisson process have its mean', () => {
    const random = seededRandom(1);
    const gaps = Array.from({ length: 20_000 }, () => poissonGap(100, random));
    expect(gaps.reduce((a, b) => a + b) / gaps.length).toBeCloseTo(10, 0);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0);
  });
});
