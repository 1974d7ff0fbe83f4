import { afterEach, expect, it, vi } from 'vitest';
import { resolveMaintenance } from '../config/maintenance.js';
import { JobPace, type PacedJob } from './job-pace.js';

let pace: JobPace | undefined;
afterEach(() => pace?.end());

function pausesOf(job: PacedJob, p99Ms: number): string[] {
  pace?.end();
  pace = new JobPace(resolveMaintenance({ p99BudgetMs: 50 }), job, () => p99Ms);
  return pace.pauses;
}

it('a job pauses while searches are slower than their budget', () => {
  const job = { keepsToOffPeak: false, isUrgent: () => false };
  expect(pausesOf(job, 40)).toEqual([]);
  expect(pausesOf(job, 60)).toEqual(['searches are slow']);
});

it('one that makes them quicker does not', () => {
  expect(pausesOf({ keepsToOffPeak: false, isUrgent: () => true }, 60)).toEqual([]);
});

it('one that keeps others waiting does not any more', async () => {
  let isUrgent = false;
  expect(pausesOf({ keepsToOffPeak: false, isUrgent: () => isUrgent }, 60)).toEqual(['searches are slow']);
  isUrgent = true;
  await vi.waitFor(() => expect(pace?.pauses).toEqual([]));
});

it('any pauses when somebody asks for it', () => {
  pausesOf({ keepsToOffPeak: false, isUrgent: () => true }, 0);
  pace?.setPaused(true);
  expect(pace?.pauses).toEqual(['asked for']);
  pace?.setPaused(false);
  expect(pace?.pauses).toEqual([]);
});
