import { describe, expect, it } from 'vitest';
import { scorer } from './recommend.js';

describe('recommending by scores', () => {
  const vector = Float32Array.of(1, 0);
  const liked = [
    [2, 0],
    [0, 1],
  ];

  it('takes the best positive example, unless a negative one is as near', () => {
    const best = (disliked: number[][]) => scorer('best_score', { liked, disliked }, 'dot')(vector);
    expect(best([])).toBeCloseTo(0.5 * (2 / 3 + 1));
    expect(best([[1, 0]])).toBeCloseTo(0.5 * (2 / 3 + 1));
    expect(best([[2, 5]])).toBeCloseTo(-0.5 * (2 / 3 + 1));
    const nothing = scorer('best_score', { liked: [], disliked: [[-3, 0]] }, 'dot')(vector);
    expect(nothing).toBeCloseTo(-0.5 * (-3 / 4 + 1));
  });

  it.each([
    ['dot', 2 + 0 - 3],
    ['l2', -1 - 2 + 4],
    ['l1', -1 - 2 + 2],
    ['cosine', 1 + 0 - 1],
  ] as const)('sums similarities of %s, less those to negative ones', (metric, expected) => {
    expect(scorer('sum_scores', { liked, disliked: [[3, 0]] }, metric)(vector)).toBeCloseTo(expected);
  });
});
