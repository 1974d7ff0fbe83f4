// When and how segments are merged and rebuilt by themselves: part of the runtime options. Nothing of it is stored.
import { VamanaError } from '../errors.js';
import { CronTimes } from './cron-times.js';

/** What makes a job due; see src/rebuild/merge-policy.ts. */
export interface Thresholds {
  /** Share of rows that are dead, above which they are taken out; 0.2 by default. */
  tombstones: number;
  /** Segments of one size (by tiers of ten), above which they are merged; 4 by default. */
  smallSegments: number;
  /** Segments in all; 50 by default. */
  segments: number;
  /** Live rows over those of the largest segment, above which all is merged into it; 2 by default. */
  growth: number;
  /** Rows of a graph over those that it was built of, above which all is rebuilt; 2 by default. */
  builtRows: number;
  /** Error of the codes of inserted rows over that of the rows they were trained on, above which all is rebuilt; 1.5 by default. */
  drift: number;
  /** Of canary recall since the generation was published, above which all is rebuilt; 0.05 by default. */
  recallDrop: number;
  /** Canary recall below which all is rebuilt, whatever it was; 0, for none, by default. */
  recallFloor: number;
  /**
   * Segments above which writes that would make more slow down, and from which they wait and are refused with BUSY in
   * the end; 100 and 200 by default. Of no effect without `auto`: then nobody would merge them.
   */
  slowSegments: number;
  mostSegments: number;
}

/** Jobs that begin at times of a clock, as cron patterns, whether they are due or not; none by default. */
export interface Schedules {
  compact?: string;
  rebuild?: string;
  health?: string;
}

/** When automatic jobs that take long may work. */
export interface OffPeak {
  /** A cron pattern. */
  begins: string;
  minutes: number;
}

/** A job that has entered a state. */
export interface JobTransition {
  collection: string;
  id: number;
  kind: string;
  state: string;
  reason: string;
  error: string | null;
  /** Its gates are passed over. */
  force: boolean;
  /** Why no automatic job begins any more; null while they do. */
  alarm: string | null;
}

export interface Maintenance {
  /** Merge and rebuild when it is due, without being asked; true by default. */
  auto: boolean;
  /** Between two looks at whether it is; a minute by default. */
  checkIntervalMs: number;
  /** Between two checks of the health, which take some seconds of searching; ten minutes by default. */
  healthIntervalMs: number;
  /** After an automatic job that failed, before the next begins; ten minutes by default. */
  retryMs: number;
  /** How long segments that were replaced are kept for a rollback; an hour by default. */
  graceMs: number;
  /** Of vectors that a job reads and writes; 0, for as fast as it can, by default. */
  bytesPerSecond: number;
  /** Of the same, requests of up to 128 KiB; 0, for no limit, by default. */
  operationsPerSecond: number;
  /** Of the time of each of a job's threads, 1 to 100; 100, for no limit, by default. */
  cpuPercent: number;
  /** A job's threads stand still while a search is in flight and 2 ms after, 5 ms at a time at most; true by default. */
  yieldToSearches: boolean;
  /** A job pauses while the p99 of searches is above this; 100 ms by default, 0 for never. */
  p99BudgetMs: number;
  /** Most memory that the process may take for a job; 0, for no limit, by default. */
  memoryLimit: number;
  schedules: Schedules;
  /** Automatic compactions and rebuilds begin and work at these times only; null, for at any time, by default. */
  offPeak: OffPeak | null;
  /** Of schedules and off-peak times, such as Europe/Berlin; the system's by default. */
  timezone: string | null;
  thresholds: Thresholds;
  /** Hears of every state that a job enters. */
  onTransition?: (job: JobTransition) => void;
}

export type MaintenanceOptions = Partial<Omit<Maintenance, 'thresholds'>> & { thresholds?: Partial<Thresholds> };

export const THRESHOLDS_DEFAULT: Thresholds = {
  tombstones: 0.2,
  smallSegments: 4,
  segments: 50,
  growth: 2,
  builtRows: 2,
  drift: 1.5,
  recallDrop: 0.05,
  recallFloor: 0,
  slowSegments: 100,
  mostSegments: 200,
};

/** INVALID_ARGUMENT for a cron pattern or a time zone that is none, and for a share that is no percentage. */
export function resolveMaintenance({ thresholds, ...options }: MaintenanceOptions = {}): Maintenance {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const maintenance: Maintenance = {
    auto: true,
    checkIntervalMs: 60_000,
    healthIntervalMs: 600_000,
    retryMs: 600_000,
    p99BudgetMs: 100,
    graceMs: 3_600_000,
    bytesPerSecond: 0,
    operationsPerSecond: 0,
    cpuPercent: 100,
    yieldToSearches: true,
    memoryLimit: 0,
    schedules: {},
    offPeak: null,
    timezone: null,
    ...given,
    thresholds: { ...THRESHOLDS_DEFAULT, ...thresholds },
  };
  const { schedules, offPeak, timezone, cpuPercent } = maintenance;
  if (!Number.isInteger(cpuPercent) || cpuPercent < 1 || cpuPercent > 100) {
    throw new VamanaError('INVALID_ARGUMENT', `maintenance option cpuPercent: found ${cpuPercent}, expected 1 to 100`);
  }
  for (const [name, pattern] of Object.entries(schedules)) CronTimes.parse(pattern, timezone, `schedules.${name}`);
  if (offPeak === null) return maintenance;
  CronTimes.parse(offPeak.begins, timezone, 'offPeak.begins');
  if (Number.isFinite(offPeak.minutes) && offPeak.minutes > 0) return maintenance;
  const found = `maintenance option offPeak.minutes: found ${offPeak.minutes}`;
  throw new VamanaError('INVALID_ARGUMENT', `${found}, expected a number above 0`);
}
