import { expect, it } from 'vitest';
import { type HealthReport, recallProblem } from './health.js';

it.each<[recall: number | null, reference: number | null, problem: string | null]>([
  [null, null, null],
  [0.9, null, null],
  [0.95, 0.97, null],
  [0.91, 0.97, 'canary recall 0.9100 is more than 0.05 below 0.9700'],
])('recall %d against %d is a problem: %s', (recall, reference, problem) => {
  const report = { recall, reference } as HealthReport;
  expect(recallProblem(report, 0.05)).toBe(problem);
});
