// How much of the machine's processors others took: what no process of the measurement used, of what was used at all. A
// time that was measured beside others says little, so service-load.ts tells it beside each figure. Linux only; elsewhere
// nothing is known.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** In less time there are too few ticks to tell: the share is the one before. */
const SHORT_MS = 500;

interface Reading {
  atMs: number;
  /** Ticks of all processes, and of the measurement's. */
  busy: number;
  own: number;
}

/** Of the kernel's clock, which `/proc` counts in. */
const TICKS_A_SECOND = 100;

export class OtherLoad {
  private last: Reading | undefined;
  private found: number | undefined;

  /** Of these processes the time is the measurement's own. */
  constructor(private readonly pids: readonly number[]) {
    this.last = this.read();
  }

  /** Share of all processors that others had since it was asked last; undefined where that is not known. */
  share(): number | undefined {
    const [before, now] = [this.last, this.read()];
    if (before !== undefined && now !== undefined && now.atMs - before.atMs < SHORT_MS) return this.found;
    this.last = now;
    this.found = before === undefined || now === undefined ? undefined : this.shareOf(before, now);
    return this.found;
  }

  private shareOf(before: Reading, now: Reading): number {
    const ticks = ((now.atMs - before.atMs) / 1000) * TICKS_A_SECOND * availableParallelism();
    return Math.max(0, (now.busy - before.busy - (now.own - before.own)) / Math.max(1, ticks));
  }

  private read(): Reading | undefined {
    try {
      const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, stolen = 0] = numbersOf('/proc/stat');
      const own = this.pids.reduce((sum, pid) => sum + ticksOf(pid), 0);
      const busy = user + nice + system + irq + softirq + stolen;
      return { atMs: performance.now(), busy, own };
    } catch {
      return undefined;
    }
  }
}

/** Of the first line. */
function numbersOf(path: string): number[] {
  return (readFileSync(path, 'utf8').split('\n', 1)[0] ?? '').split(/\s+/).map(Number);
}

// The name, in brackets, may hold anything.
function ticksOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
