// Keeps the memory of fresh rows bounded: writers slow down, then wait, and are refused before it runs out. Asked by
// the commit queue before every group.
//
// 1. While more rows wait to be linked than a search should scan, writers go at the linker's pace. That thread has a low
//    priority, for the sake of searches; while writers wait for it, one of ordinary priority helps.
// 2. When the active delta is full it is frozen and written as a segment in the background; a new one takes over.
// 3. When that one is full too before the first is written, writers wait, and after a time are refused with BUSY (or
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

/** Rows, and bytes of vectors, that searches may have to scan because they are not linked yet. */
const TAIL_ROWS_MAX = 20_000;
const TAIL_BYTES_MAX = 16 * 1024 * 1024;
/** Deltas that may wait for their segment. */
const FROZEN_MAX = 1;
const PAUSE_MS = 2;
/** Of a group, where there are nearly as many segments as there may be. */
const SLOW_MS_MAX = 200;

export class BackPressure {
  private readonly tailRowsMax: number;
  private helping = false;

  constructor(
    private readonly parts: Parts,
    private readonly flusher: Flusher,
    private readonly runtime: Runtime,
    rowBytes: number,
  ) {
    // A group may overshoot; of the widest vectors some rows must be allowed.
    this.tailRowsMax = Math.max(256, Math.min(TAIL_ROWS_MAX, Math.floor(TAIL_BYTES_MAX / rowBytes)));
  }

  /** `runTasks` lets the flush publish its segment: until then there is no room, however long one waits. */
  async admit(runTasks: () => Promise<void>): Promise<void> {
    const deadline = performance.now() + this.runtime.writeTimeoutMs;
    while (this.tailRows >= this.tailRowsMax) {
      this.helpLinking();
      await this.wait(deadline, 'rows are not linked yet', runTasks);
    }
    const slowMs = slowDownMs(this.parts.segments.length, this.runtime.maintenance);
    if (slowMs > 0) await setTimeout(slowMs);
    if (!this.activeFull) return;
    while (this.parts.frozen.length >= FROZEN_MAX) {
      await this.wait(deadline, 'the rows before them are still being written as a segment', runTasks);
    }
    const { auto, thresholds } = this.runtime.maintenance;
    while (auto && this.parts.segments.length >= thresholds.mostSegments) {
      await this.wait(deadline, `merges cannot keep up: there are ${this.parts.segments.length} segments`, runTasks);
    }
    // A task may have frozen it meanwhile.
    if (!this.activeFull) return;
    this.flusher.rotate();
  }

  // Its failure is of no account here: the rows are linked in the background all the same, or writers are refused.
  private helpLinking(): void {
    if (this.helping) return;
    this.helping = true;
    const done = (): void => {
      this.helping = false;
    };
    this.parts.active.linked(null).then(done, done);
  }

  private get activeFull(): boolean {
    const { rows, bytes } = this.parts.active.stats();
    return rows >= this.runtime.deltaRows || bytes >= this.runtime.deltaBytes;
  }

  private get tailRows(): number {
    const { rows, linked } = this.parts.active.stats();
    return rows - linked;
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
