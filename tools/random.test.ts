import { describe, expect, it } from 'vitest';
import { linearRandom, seededRandom } from './random.js';

describe.each([
  ['seededRandom', seededRandom, [0.6270739405881613, 0.002735721180215478, 0.5274470399599522]],
  ['linearRandom', linearRandom, [0.23645552527159452, 0.3692706737201661, 0.5042420323006809]],
])('%s', (_name, create, first) => {
  it('repeats what it gave for a seed, and differs by seed', () => {
    const take = (seed: number): number[] => Array.from({ length: 3 }, create(seed));
    expect(take(1)).toEqual(first);
    expect(take(1)).toEqual(take(1));
    expect(take(1)).not.toEqual(take(2));
  });

  it('stays from 0 to below 1', () => {
    for (const value of Array.from({ length: 1000 }, create(3))) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThan(1);
    }
  });
});
