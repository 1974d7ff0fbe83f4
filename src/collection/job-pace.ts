// How fast a job may go: the limits of the configuration, and pauses, for any of three reasons: searches are slower than
// their budget, an automatic job is outside of the off-peak times, somebody asked for it. Made by lifecycle.ts for each job.
import type { NativeThrottle } from '../binding.js';
import type { Maintenance } from '../config/maintenance.js';
import { isOffPeak } from '../rebuild/off-peak.js';
import { createThrottle } from '../segment/merge-segments.js';

export type PauseReason = 'searches are slow' | 'outside of off-peak times' | 'asked for';

const LOOK_MS = 250;

export class JobPace {
  readonly throttle: NativeThrottle;
  private readonly reasons = new Set<PauseReason>();
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly maintenance: Maintenance,
    /** Of an automatic job that takes long. */
    private readonly keepsToOffPeak: boolean,
    private readonly searchP99Ms: () => number,
  ) {
    const { bytesPerSecond, operationsPerSecond, yieldToSearches } = maintenance;
    this.throttle = createThrottle({ bytesPerSecond, operationsPerSecond, yields: yieldToSearches });
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
    const { p99BudgetMs } = this.maintenance;
    this.set('searches are slow', p99BudgetMs > 0 && this.searchP99Ms() > p99BudgetMs);
    this.set('outside of off-peak times', this.keepsToOffPeak && !isOffPeak(this.maintenance, Date.now()));
  }

  private set(reason: PauseReason, holds: boolean): void {
    if (holds) this.reasons.add(reason);
    else this.reasons.delete(reason);
    this.throttle.setPaused(this.reasons.size > 0);
  }
}
