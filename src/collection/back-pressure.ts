// Keeps the memory of fresh rows bounded, and the log: writers slow down, then wait, and are refused before it runs out.
// Asked by the commit queue before every group.
//
// 1. While more rows wait to be linked than a search should scan, writers go at the linker's pace. That thread has a low
//    priority, for the sake of searches; while writers wait for it, one of ordinary priority helps.
// 2. When the active delta of a vector space is full, or all of them together, they are frozen and written as segments in
//    the background; new ones take over. So they are, however few rows they have, when the log has grown long of other
//    changes.
// 3. When these are full too before the first are written, writers wait, and after a time are refused with BUSY (or
//    with what keeps the flush from ending).
// 4. Each such segment is searched by every query until it is merged. Where there are more than merges should leave,
//    writers slow down, the more the more there are; at twice as many (by default) a full delta is not frozen before a
//    merge has ended, and 3 holds.
import { setTimeout } from 'node:timers/promises';
import type { Maintenance } from '../config/maintenance.js';
import type { Runtime } from '../config/runtime-options.js';
import { VamanaError } from '../errors.js';
import type { Flusher } from './flusher.js';
import type { Parts } from './parts.js';
import type { VectorSpace } from './vector-space.js';

/** Rows, and bytes of vectors, that searches may have to scan because they are not linked yet. */
const TAIL_ROWS_MAX = 20_000;
const TAIL_BYTES_MAX = 16 * 1024 * 1024;
/** Deltas that may wait for their segment. */
const FROZEN_MAX = 1;
const PAUSE_MS = 2;
/** Of a group, where there are nearly as many segments as there may be. */
const SLOW_MS_MAX = 200;

export class BackPressure {
  private helping = false;

  constructor(
    private readonly parts: Parts,
    private readonly flusher: Flusher,
    private readonly runtime: Runtime,
  ) {}

  /** `runTasks` lets the flush publish its segment: until then there is no room, however long one waits. */
  async admit(runTasks: () => Promise<void>): Promise<void> {
    const deadline = performance.now() + this.runtime.writeTimeoutMs;
    for (let behind = this.behind(); behind !== undefined; behind = this.behind()) {
      this.helpLinking(behind);
      await this.wait(deadline, 'rows are not linked yet', runTasks);
    }
    const slowMs = slowDownMs(this.mostSegments, this.runtime.maintenance);
    if (slowMs > 0) await setTimeout(slowMs);
    if (!this.isFull) return;
    while (this.parts.frozen.length >= FROZEN_MAX) {
      await this.wait(deadline, 'the rows before them are still being written as a segment', runTasks);
    }
    const { auto, thresholds } = this.runtime.maintenance;
    while (auto && this.areDeltasFull && this.mostSegments >= thresholds.mostSegments) {
      await this.wait(deadline, `merges cannot keep up: there are ${this.mostSegments} segments`, runTasks);
    }
    // A task may have frozen it meanwhile.
    if (!this.isFull) return;
    this.flusher.rotate();
  }

  // Its failure is of no account here: the rows are linked in the background all the same, or writers are refused.
  private helpLinking({ active }: VectorSpace): void {
    if (this.helping) return;
    this.helping = true;
    const done = (): void => {
      this.helping = false;
    };
    active.linked(null).then(done, done);
  }

  private get isFull(): boolean {
    return this.flusher.logBytes >= this.runtime.logBytes || this.areDeltasFull;
  }

  private get areDeltasFull(): boolean {
    const all = this.parts.spaces.map(({ active }) => active.stats());
    const bytes = all.reduce((sum, delta) => sum + delta.bytes, 0);
    return bytes >= this.runtime.deltaBytes || all.some(({ rows }) => rows >= this.runtime.deltaRows);
  }

  /** Of the space with most of them, as each is searched by itself. */
  private get mostSegments(): number {
    return Math.max(...this.parts.spaces.map(({ segments }) => segments.length));
  }

  /** A space with too many rows that are not linked. */
  private behind(): VectorSpace | undefined {
    return this.parts.spaces.find(({ active, gatherer }) => {
      const { rows, linked } = active.stats();
      // A group may overshoot; of the widest vectors some rows must be allowed.
      return rows - linked >= Math.max(256, Math.min(TAIL_ROWS_MAX, Math.floor(TAIL_BYTES_MAX / gatherer.rowBytes)));
    });
  }

  private async wait(deadline: number, why: string, runTasks: () => Promise<void>): Promise<void> {
    if (this.flusher.isClosed)
      throw new VamanaError('CLOSED', 'the collection was closed while a write waited for room');
    if (performance.now() >= deadline || this.flusher.isStuck) throw this.refusal(why);
    await setTimeout(PAUSE_MS);
    await runTasks();
  }

  private refusal(why: string): VamanaError {
    const { failure, isStuck } = this.flusher;
    if (failure !== null && isStuck) {
      const message = `there is no room for more rows until the collection is opened again, since ${failure.message}`;
      return new VamanaError(failure.code, message, { cause: failure });
    }
    const waited = `there was no room for more rows within ${this.runtime.writeTimeoutMs} ms`;
    if (failure === null) return new VamanaError('BUSY', `${waited}: ${why}; try again later`);
    return new VamanaError(failure.code, `${waited}, since ${failure.message}`, { cause: failure });
  }
}

/** How long a group waits for merges that cannot keep up. */
export function slowDownMs(segments: number, { auto, thresholds }: Pick<Maintenance, 'auto' | 'thresholds'>): number {
  const { slowSegments, mostSegments } = thresholds;
  if (!auto || segments <= slowSegments) return 0;
  return SLOW_MS_MAX * Math.min(1, (segments - slowSegments) / Math.max(1, mostSegments - slowSegments));
}
