// When automatic jobs that take long may work.
import { CronTimes } from '../config/cron-times.js';
import type { Maintenance } from '../config/maintenance.js';

/** True at any time where no off-peak times are set. */
export function isOffPeak({ offPeak, timezone }: Pick<Maintenance, 'offPeak' | 'timezone'>, nowMs: number): boolean {
  if (offPeak === null) return true;
  return CronTimes.parse(offPeak.begins, timezone, 'offPeak.begins').hasBetween(
    nowMs - offPeak.minutes * 60_000,
    nowMs,
  );
}
