import { expect, it } from 'vitest';
import { fuseByRank, fuseByScore } from './fusion.js';

const list = (...points: [id: number, score: number][]) => points.map(([id, score]) => ({ key: BigInt(id), score }));
const scores = (points: { key: bigint | string; score: number }[]) =>
  points.map(({ key, score }) => [Number(key), score]);

it('fuses by rank, as 1 / (place + k), and weighs lists', () => {
  const lists = [list([2, 9], [1, 8]), list([1, 7], [2, 6], [3, 5]), list([5, 9], [3, 5], [1, 4])];
  const fused = scores(fuseByRank(lists));
  expect(fused.map(([id]) => id)).toEqual([1, 2, 3, 5]);
  expect(fused[0]?.[1]).toBeCloseTo(1 / 3 + 1 / 2 + 1 / 4);
  const weighed = fuseByRank([list([1, 0]), list([2, 0])], { weights: [1, 0] });
  expect(scores(weighed)).toEqual([
    [1, 0.5],
    [2, 0],
  ]);
});

it('fuses by score, each list within three deviations of its mean', () => {
  // Mean 2, sample deviation 1: from -1 to 5.
  const fused = scores(fuseByScore([list([1, 3], [2, 2], [3, 1]), list([3, 100])]));
  expect(fused.map(([id]) => id)).toEqual([3, 1, 2]);
  expect(fused.map(([, score]) => Number(score?.toFixed(4)))).toEqual([0.8333, 0.6667, 0.5]);
  expect(fuseByScore([list([1, 4], [2, 4])]).every(({ score }) => score === 0.5)).toBe(true);
});
