import { expect, it } from 'vitest';
import { CronTimes } from './cron-times.js';
import { resolveMaintenance } from './maintenance.js';

const at = (time: string): number => Date.parse(`2026-11-30T${time}Z`);

it.each<[from: string, to: string, has: boolean]>([
  ['02:59:00', '03:00:00', true],
  ['03:00:00', '03:59:59', false],
  ['02:00:00', '02:59:59', false],
  ['00:00:00', '23:00:00', true],
])('a pattern of three at night has a time after %s up to %s: %s', (from, to, has) => {
  expect(CronTimes.parse('0 3 * * *', 'UTC', 'it').hasBetween(at(from), at(to))).toBe(has);
});

it('is of its time zone', () => {
  const berlin = CronTimes.parse('0 3 * * *', 'Europe/Berlin', 'it');
  expect(berlin.hasBetween(at('01:30:00'), at('02:00:00'))).toBe(true);
  expect(berlin.hasBetween(at('02:30:00'), at('03:00:00'))).toBe(false);
});

it.each([
  [{ schedules: { compact: 'at night' } }, 'schedules.compact'],
  [{ offPeak: { begins: '99 * * * *', minutes: 60 } }, 'offPeak.begins'],
  [{ offPeak: { begins: '0 1 * * *', minutes: 0 } }, 'offPeak.minutes'],
  [{ cpuPercent: 0 }, 'cpuPercent'],
  [{ schedules: { health: '* * * * *' }, timezone: 'Nowhere/At_All' }, 'schedules.health'],
])('what is no time and no share is refused: %j', (options, name) => {
  expect(() => resolveMaintenance(options)).toThrow(`maintenance option ${name}`);
});

it('options that are undefined are the defaults', () => {
  expect(resolveMaintenance({ auto: undefined as unknown as boolean, graceMs: 5 })).toMatchObject({
    auto: true,
    graceMs: 5,
    yieldToSearches: true,
    thresholds: { tombstones: 0.2, builtRows: 2, drift: 1.5 },
  });
});
