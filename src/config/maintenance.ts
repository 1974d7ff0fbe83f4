// When and how segments are merged and rebuilt by themselves: part of the runtime options. Nothing of it is stored.

/** What makes a merge due; see src/rebuild/merge-policy.ts. */
export interface Thresholds {
  /** Share of rows that are dead, above which they are taken out; 0.2 by default. */
  tombstones: number;
  /** Segments of one size (by tiers of ten), above which they are merged; 10 by default. */
  smallSegments: number;
  /** Segments in all; 50 by default. */
  segments: number;
  /** Live rows over those of the largest segment, above which all is merged into it; 2 by default. */
  growth: number;
}

/** A job that has entered a state. */
export interface JobTransition {
  id: number;
  kind: string;
  state: string;
  reason: string;
  error: string | null;
}

export interface Maintenance {
  /** Merge when it is due, without being asked; true by default. */
  auto: boolean;
  /** Between two looks at whether it is; a minute by default. */
  checkIntervalMs: number;
  /** How long segments that were replaced are kept for a rollback; an hour by default. */
  graceMs: number;
  /** Of vectors that a job reads and writes; 0, for as fast as it can, by default. */
  bytesPerSecond: number;
  /** Most memory that the process may take for a job; 0, for no limit, by default. */
  memoryLimit: number;
  thresholds: Thresholds;
  /** Hears of every state that a job enters. */
  onTransition?: (job: JobTransition) => void;
}

export type MaintenanceOptions = Partial<Omit<Maintenance, 'thresholds'>> & { thresholds?: Partial<Thresholds> };

export const THRESHOLDS_DEFAULT: Thresholds = { tombstones: 0.2, smallSegments: 10, segments: 50, growth: 2 };

export function resolveMaintenance({ thresholds, ...options }: MaintenanceOptions = {}): Maintenance {
  return {
    auto: true,
    checkIntervalMs: 60_000,
    graceMs: 3_600_000,
    bytesPerSecond: 0,
    memoryLimit: 0,
    ...options,
    thresholds: { ...THRESHOLDS_DEFAULT, ...thresholds },
  };
}
