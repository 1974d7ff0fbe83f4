// How fast a job may go: the limits of the configuration, and pauses, for any of three reasons: searches are slower than
// their budget, an automatic job is outside of the off-peak times, somebody asked for it. Made by lifecycle.ts for each job.
import type { NativeThrottle } from '../binding.js';
import type { Maintenance } from '../config/maintenance.js';
import { isOffPeak } from '../rebuild/off-peak.js';
import { createThrottle } from '../segment/merge-segments.js';

export interface PacedJob {
  /** Automatic, and takes long. */
  keepsToOffPeak: boolean;
  /**
   * Searches are slow because it is not done, since every small segment costs them as much as a large one: of a merge of
   * those from the beginning, of others once it keeps such a merge waiting. If it gave way to searches there would soon
   * be so many segments that it never came to its end.
   */
  isUrgent(): boolean;
}

export type PauseReason = 'searches are slow' | 'outside of off-peak times' | 'asked for';

const LOOK_MS = 250;

export class JobPace {
  readonly throttle: NativeThrottle;
  private readonly reasons = new Set<PauseReason>();
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly maintenance: Maintenance,
    private readonly job: PacedJob,
    private readonly searchP99Ms: () => number,
  ) {
    const { bytesPerSecond, operationsPerSecond, cpuPercent } = maintenance;
    this.throttle = createThrottle({ bytesPerSecond, operationsPerSecond, cpuPercent });
    this.timer = setInterval(() => this.look(), LOOK_MS).unref();
    this.look();
  }

  /** Why the job stands still; empty while it works. */
  get pauses(): PauseReason[] {
    return [...this.reasons];
  }

  setPaused(paused: boolean): void {
    this.set('asked for', paused);
  }

  end(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const { p99BudgetMs, yieldToSearches } = this.maintenance;
    const { keepsToOffPeak } = this.job;
    const isUrgent = this.job.isUrgent();
    this.throttle.setYields(yieldToSearches && !isUrgent);
    this.set('searches are slow', !isUrgent && p99BudgetMs > 0 && this.searchP99Ms() > p99BudgetMs);
    this.set('outside of off-peak times', keepsToOffPeak && !isOffPeak(this.maintenance, Date.now()));
  }

  private set(reason: PauseReason, holds: boolean): void {
    if (holds) this.reasons.add(reason);
    else this.reasons.delete(reason);
    this.throttle.setPaused(this.reasons.size > 0);
  }
}
