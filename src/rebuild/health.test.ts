import { expect, it } from 'vitest';
import { recallProblem } from './health.js';

it.each<[recall: number | null, reference: number | null, problem: string | null]>([
  [null, null, null],
  [0.9, null, null],
  [0.95, 0.97, null],
  [0.91, 0.97, 'canary recall 0.9100 is more than 0.05 below 0.9700'],
  [0.79, null, 'canary recall 0.7900 is below 0.8'],
  [0.79, 0.8, 'canary recall 0.7900 is below 0.8'],
])('recall %d against %d is a problem: %s', (recall, reference, problem) => {
  expect(recallProblem({ recall, reference }, { recallDrop: 0.05, recallFloor: 0.8 })).toBe(problem);
});
