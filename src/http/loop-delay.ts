// How late the event loop comes to what is due: the one number that says whether something holds up everybody's
// answers. Read, and begun anew, by each scrape of /metrics.
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 10;
const QUANTILES = [50, 99, 100] as const;

export class LoopDelay {
  private readonly histogram: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.histogram.enable();
  }

  /** Seconds, without the interval it is measured at. */
  quantiles(): [quantile: string, seconds: number][] {
    const found = QUANTILES.map((percent): [string, number] => {
      const ns = this.histogram.count === 0 ? 0 : this.histogram.percentile(percent);
      return [String(percent / 100), Math.max(0, ns / 1e9 - RESOLUTION_MS / 1000)];
    });
    this.histogram.reset();
    return found;
  }

  close(): void {
    this.histogram.disable();
  }
}
