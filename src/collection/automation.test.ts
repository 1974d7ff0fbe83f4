// What begins by itself, and when not, with jobs that do nothing and a clock that is given.
import { expect, it } from 'vitest';
import { type MaintenanceOptions, resolveMaintenance } from '../config/maintenance.js';
import type { HealthReport } from '../rebuild/health.js';
import { type Job, type JobLog, NOTHING_YET } from '../rebuild/job.js';
import type { MergeChoice, SegmentFacts } from '../rebuild/merge-policy.js';
import { Automation } from './automation.js';

const HOUR_MS = 3_600_000;
const START_MS = Date.parse('2026-11-30T00:00:00Z');
const healthy: SegmentFacts[] = [{ number: 1, rows: 50_000, liveRows: 50_000 }];
const dying: SegmentFacts[] = [{ number: 1, rows: 50_000, liveRows: 30_000 }];

interface Scene {
  automation: Automation;
  /** Kind and reason of each that was begun. */
  begun: string[];
  checks: number;
  facts: SegmentFacts[];
  health: HealthReport | null;
  busy: boolean;
  /** Whether jobs end well. */
  well: boolean;
}

function scene(options: MaintenanceOptions = {}, history: Job[] = []): Scene {
  const jobs = {
    jobs: history,
    failures: (isMeant) => {
      const meant = history.filter(isMeant);
      const after = meant.findLastIndex(({ state }) => state === 'DONE') + 1;
      return meant.slice(after).filter(({ state }) => state === 'FAILED');
    },
  } as JobLog;
  const made: Scene = {
    automation: new Automation({
      maintenance: resolveMaintenance({ timezone: 'UTC', ...options }),
      jobs,
      facts: () => made.facts,
      health: () => made.health,
      isOwn: ({ space }) => space === undefined,
      isBusy: () => made.busy,
      begin: async (choice) => {
        made.begun.push(`${choice.kind}: ${choice.reason}`);
        const job = jobOf(choice, made.well);
        history.push(job);
        if (!made.well) throw new Error('a job that fails');
        return job;
      },
      checkHealth: async () => {
        made.checks += 1;
        return made.health ?? ({ recall: 1, reference: 1 } as HealthReport);
      },
    }),
    begun: [],
    checks: 0,
    facts: healthy,
    health: null,
    busy: false,
    well: true,
  };
  return made;
}

function jobOf({ kind, segments, reason, trigger }: MergeChoice, well: boolean, at = Date.now()): Job {
  const time = new Date(at).toISOString();
  const state = well ? 'DONE' : 'FAILED';
  const shared = { id: 1, kind, segments, reason, trigger, startedAt: time, endedAt: time, force: false };
  return { ...NOTHING_YET, ...shared, state, error: well ? null : 'a job that fails' };
}

const look = ({ automation }: Scene, atMs: number): Promise<void> => automation.look(atMs).catch(() => undefined);

it('begins nothing while all is well, and what is due once it is', async () => {
  const run = scene();
  await look(run, Date.now());
  expect(run.begun).toEqual([]);
  run.facts = dying;
  run.busy = true;
  await look(run, Date.now());
  expect(run.begun).toEqual([]);
  run.busy = false;
  await look(run, Date.now());
  expect(run.begun).toEqual(['major: 40.0% of the rows are dead, more than 20.0%']);
});

it('does not do again what changed nothing, before it has moved or a day has passed', async () => {
  const run = scene();
  run.facts = dying;
  const now = Date.now();
  for (const hours of [0, 1, 20]) await look(run, now + hours * HOUR_MS);
  expect(run.begun.length).toBe(1);
  run.facts = [{ number: 1, rows: 50_000, liveRows: 25_000 }];
  await look(run, now + 20 * HOUR_MS);
  expect(run.begun.length).toBe(2);
  await look(run, now + 43 * HOUR_MS);
  expect(run.begun.length).toBe(2);
  await look(run, now + 45 * HOUR_MS);
  expect(run.begun.length).toBe(3);
});

it('knows what was done before it was opened', async () => {
  const choice: MergeChoice = { kind: 'major', segments: [1], reason: '', trigger: { name: 'tombstones', value: 0.4 } };
  const run = scene({}, [jobOf(choice, true)]);
  run.facts = dying;
  await look(run, Date.now());
  expect(run.begun).toEqual([]);
});

it('tries again after a while what failed, then stops with an alarm until one that is asked for ends well', async () => {
  const history: Job[] = [];
  const run = scene({ retryMs: HOUR_MS }, history);
  run.facts = dying;
  run.well = false;
  const now = Date.now();
  for (const minutes of [0, 1, 59]) await look(run, now + minutes * 60_000);
  expect([run.begun.length, run.automation.alarm]).toEqual([1, null]);
  await look(run, Date.now() + HOUR_MS);
  expect(run.begun.length).toBe(2);
  expect(run.automation.alarm).toContain('2 jobs in a row failed, the last one with: a job that fails');
  await look(run, now + 100 * HOUR_MS);
  expect(run.begun.length).toBe(2);
  history.push(jobOf({ kind: 'rebuild', segments: [1], reason: 'asked for', trigger: null }, true));
  expect(run.automation.alarm).toBeNull();
  await look(run, now + 100 * HOUR_MS);
  expect(run.begun.length).toBe(3);
});

it('rebuilds when canary recall fell', async () => {
  const run = scene({ healthIntervalMs: 10 * 60_000 });
  const now = Date.now();
  run.health = { recall: 0.9, reference: 0.97 } as HealthReport;
  await look(run, now + 60_000);
  expect([run.checks, run.begun]).toEqual([0, []]);
  await look(run, now + 11 * 60_000);
  expect([run.checks, run.begun]).toEqual([1, ['rebuild: canary recall 0.9000 is more than 0.05 below 0.9700']]);
  await look(run, now + 22 * 60_000);
  expect([run.checks, run.begun.length]).toEqual([2, 1]);
});

it('does what a schedule names at its times, also where it is not due, and once', async () => {
  const run = scene({ auto: false, schedules: { compact: '0 3 * * *', health: '30 * * * *' } });
  await look(run, START_MS - HOUR_MS / 6);
  run.begun.length = run.checks = 0;
  for (const minutes of [0, 10, 29]) await look(run, START_MS + minutes * 60_000);
  expect([run.checks, run.begun]).toEqual([0, []]);
  await look(run, START_MS + 31 * 60_000);
  expect([run.checks, run.begun]).toEqual([1, []]);
  run.busy = true;
  await look(run, START_MS + 3 * HOUR_MS);
  run.busy = false;
  for (const minutes of [1, 2, 3, 4]) await look(run, START_MS + 3 * HOUR_MS + minutes * 60_000);
  expect(run.begun).toEqual(['major: its time came']);
});

it('begins large jobs at off-peak times only, small ones at any', async () => {
  const run = scene({ offPeak: { begins: '0 22 * * *', minutes: 240 } });
  run.facts = dying;
  await look(run, START_MS + 12 * HOUR_MS);
  expect(run.begun).toEqual([]);
  run.facts = [...dying, ...Array.from({ length: 11 }, (_, at) => ({ number: at + 2, rows: 500, liveRows: 500 }))];
  await look(run, START_MS + 12 * HOUR_MS + 60_000);
  expect(run.begun.map((one) => one.split(':')[0])).toEqual(['minor']);
  run.facts = dying;
  await look(run, START_MS + 23 * HOUR_MS);
  expect(run.begun.map((one) => one.split(':')[0])).toEqual(['minor', 'major']);
});

it('is told nothing by jobs of other vectors, whether they failed or ended well', async () => {
  const history: Job[] = [];
  const run = scene({ retryMs: HOUR_MS }, history);
  run.facts = dying;
  const other: MergeChoice = { kind: 'major', segments: [9], reason: '', trigger: { name: 'tombstones', value: 0.4 } };
  const failed = { ...jobOf(other, false), space: 'image' };
  history.push(failed, { ...failed });
  await look(run, Date.now());
  expect([run.begun.length, run.automation.alarm]).toEqual([1, null]);
  run.well = false;
  run.facts = [{ number: 1, rows: 50_000, liveRows: 20_000 }];
  await look(run, Date.now());
  run.facts = [{ number: 1, rows: 50_000, liveRows: 10_000 }];
  history.push({ ...jobOf(other, true), space: 'image' });
  await look(run, Date.now() + 2 * HOUR_MS);
  expect(run.begun.length).toBe(3);
  history.push({ ...jobOf(other, true), space: 'image' });
  expect(run.automation.alarm).toContain('2 jobs in a row failed');
});
