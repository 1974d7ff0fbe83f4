// How long searches took lately: what jobs give way by.

const KEPT = 1024;
const WINDOW_MS = 3000;
/** Of fewer searches there is nothing to say. */
const LEAST = 20;

export class Latencies {
  private readonly endMs = new Float64Array(KEPT);
  private readonly tookMs = new Float64Array(KEPT);
  private next = 0;

  constructor(private readonly nowMs: () => number = () => performance.now()) {}

  add(tookMs: number): void {
    this.endMs[this.next % KEPT] = this.nowMs();
    this.tookMs[this.next % KEPT] = tookMs;
    this.next += 1;
  }

  /** Of the last seconds; 0 where there were hardly any searches. */
  p99Ms(): number {
    const since = this.nowMs() - WINDOW_MS;
    const recent = this.tookMs.filter((_, at) => at < this.next && (this.endMs[at] as number) >= since).sort();
    return recent.length < LEAST ? 0 : (recent[Math.ceil(0.99 * recent.length) - 1] as number);
  }
}
