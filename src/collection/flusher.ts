// Moves fresh rows from RAM to the disk: freezes the active delta of every vector space, writes each as a segment in the
// background, publishes them together, and lets the log go that is no longer needed. Publishing keeps this order:
//
// 1. the segments are durable, one of each vector space that had fresh rows; 2. the log is durable up to what the
//    segment was built on; 3. what is applied to the metadata is durable; 4. the manifest that names them is durable;
//    5. searches see them in the place of the deltas; 6. the log up to the delta's last record is dropped.
//
// Step 2 is for the sync policies under which records are applied before they are durable. The segment has the rows of
// such records, and is without the rows that such records killed, also later ones than the delta's last. Had the
// power taken them from the log after step 4, recovery would go back before them: to rows that nothing holds, and to
// rows that a segment holds while they are assigned anew.
//
// A flush that fails (a full disk, say) loses nothing: the delta stays searchable and its records stay in the log.
// It is tried again after a while; writers wait meanwhile, and are refused in the end.
//
// Where there are no fresh rows, as after changes of payloads and removals alone, the same is done without a segment:
// the metadata has all of it, and the log would grow, and be read again at each opening, for nothing.
import { rm } from 'node:fs/promises';
import type { NativeDelta, NativeSnapshot } from '../binding.js';
import type { CommitQueue } from '../commit-queue/commit-queue.js';
import type { CollectionConfig } from '../config/collection-config.js';
import type { Runtime } from '../config/runtime-options.js';
import { FIRST_SPACE, spaceNumbered } from '../config/spaces.js';
import type { CollectionPaths } from '../disk/file-names.js';
import { asVamanaError, VamanaError } from '../errors.js';
import { applyEdit, type ManifestEdit } from '../manifest/manifest-edit.js';
import type { ManifestStore } from '../manifest/manifest-store.js';
import type { MetaStore } from '../meta/meta-store.js';
import type { SnapshotCell } from '../snapshot/collection-snapshot.js';
import type { WalWriter } from '../wal/wal-writer.js';
import { type FlushedSegment, flushDelta } from '../write/flush.js';
import type { FrozenRows, Parts } from './parts.js';
import type { VectorSpace } from './vector-space.js';

export interface FlusherTarget {
  paths: CollectionPaths;
  manifests: ManifestStore<CollectionConfig>;
  runtime: Runtime;
  parts: Parts;
  snapshots: SnapshotCell;
  meta: MetaStore;
  wal: WalWriter;
  /** Called after each flush. */
  onFlushed(): void;
}

/** What a caller of rotate() may wait for. */
interface Rotation {
  last: FrozenRows | undefined;
  /** There are records that it does not cover: to be rotated again once `last` is written. */
  left: boolean;
  /** Before it. */
  failures: number;
}

const RETRY_MS = 1000;

export class Flusher {
  private queue: CommitQueue | null = null;
  private running: Promise<void> | null = null;
  private retry: NodeJS.Timeout | null = null;
  private waiters: (() => void)[] = [];
  private nextNumber: number;
  private closed = false;
  /** Why the last flush failed; null when it did not. */
  failure: VamanaError | null = null;
  /** Counted, since one may end with the very error of the one before. */
  private failures = 0;
  flushes = 0;
  /** What the log had been given since it was opened when the last deltas were frozen; what it had then counts below 0. */
  private loggedBefore: number;

  constructor(private readonly target: FlusherTarget) {
    this.nextNumber = target.manifests.current.nextSegmentNumber;
    const { bytes, lastSeq } = target.wal.stats();
    this.loggedBefore = lastSeq > target.manifests.current.flushedSeq ? -bytes : 0;
  }

  /** Bytes of the log that no flush covers, done or begun. */
  get logBytes(): number {
    return this.target.wal.stats().bytesWritten - this.loggedBefore;
  }

  /** Before anything else: the queue needs the flusher to make room, and the flusher the queue to publish. */
  attach(queue: CommitQueue): void {
    this.queue = queue;
    this.start();
  }

  /**
   * The active deltas become frozen ones, where they have rows; what is frozen is written. While that fails no further
   * ones are frozen, or each call would leave more of them in RAM. On the commit queue only. What that failed with once it
   * has: some of a record may be in the deltas then, and some not.
   */
  rotate(): Rotation {
    if (this.commitQueue.failed !== null) throw this.commitQueue.failed;
    const { parts, meta, manifests, wal } = this.target;
    const { failures } = this;
    const { appliedSeq } = meta.state;
    const isDue = appliedSeq > (parts.frozen.at(-1)?.seq ?? manifests.current.flushedSeq);
    const failing = this.failure !== null && parts.frozen.length > 0;
    if (isDue && !failing) {
      const fresh = parts.spaces.filter(({ active }) => active.stats().rows > 0);
      const deltas = fresh.map((space) => ({ space, delta: space.active }));
      for (const { space, delta } of deltas) {
        delta.freeze();
        space.frozen = [...space.frozen, delta];
        space.active = space.store.createDelta();
      }
      parts.frozen = [...parts.frozen, { deltas, seq: appliedSeq }];
      this.loggedBefore = wal.stats().bytesWritten;
      this.publishParts();
    }
    if (parts.frozen.length > 0) this.start();
    return { last: parts.frozen.at(-1), left: isDue && failing, failures };
  }

  /** Resolves when what was frozen by then has been written; rejects when a flush fails first, and with CLOSED. */
  async settled({ last, failures }: Rotation): Promise<void> {
    const { parts } = this.target;
    while (last !== undefined && parts.frozen.includes(last)) {
      if (this.failure !== null && this.failures > failures) throw this.failure;
      if (this.closed) throw new VamanaError('CLOSED', 'the collection was closed before its rows were flushed');
      await new Promise<void>((resolve) => this.waiters.push(resolve));
    }
  }

  /** Waits for the flush in flight, starts none. */
  async close(): Promise<void> {
    this.closed = true;
    if (this.retry !== null) clearTimeout(this.retry);
    while (this.running !== null) await this.running;
    this.wake();
  }

  /** Begins with what is frozen, at once after a failure too. */
  start(): void {
    if (this.closed || this.running !== null || this.target.parts.frozen.length === 0) return;
    if (this.retry !== null) clearTimeout(this.retry);
    this.retry = null;
    this.running = this.flushAll();
  }

  /** The number of the next segment, of a flush or a merge; never given twice. */
  takeNumber(): number {
    this.nextNumber += 1;
    return this.nextNumber - 1;
  }

  /** No flush will succeed until the collection is opened again. */
  get isStuck(): boolean {
    return this.target.manifests.failed !== null;
  }

  /** Then no flush begins any more. */
  get isClosed(): boolean {
    return this.closed;
  }

  private async flushAll(): Promise<void> {
    for (let frozen = this.target.parts.frozen[0]; frozen !== undefined; frozen = this.target.parts.frozen[0]) {
      if (this.closed) break;
      try {
        await this.flush(frozen);
        this.failure = null;
        this.flushes += 1;
      } catch (error) {
        this.failure = asVamanaError(error);
        this.failures += 1;
        if (!this.closed && !this.isStuck) this.retry = setTimeout(() => this.start(), RETRY_MS).unref();
        break;
      }
      await this.dropLog(frozen.seq);
      this.wake();
      this.target.onFlushed();
    }
    // In the turn of the last check: what is frozen later finds nothing running, and starts it.
    this.running = null;
    this.wake();
  }

  private async flush(frozen: FrozenRows): Promise<void> {
    const { meta, wal, manifests } = this.target;
    // Before a segment is written in vain.
    if (manifests.failed !== null) throw manifests.failed;
    const flushed: FlushedSegment[] = [];
    try {
      for (const { space, delta } of frozen.deltas) {
        const segment = await this.write(space, delta);
        if (segment !== null) flushed.push(segment);
      }
      if (wal.stats().durableSeq < meta.state.appliedSeq) await wal.sync();
      await meta.flushed();
      await this.commitQueue.run(async () => {
        const edit: ManifestEdit<CollectionConfig> = {
          flushedSeq: frozen.seq,
          addSegments: flushed.map(({ entry }) => entry),
        };
        await manifests.publish(applyEdit(manifests.current, edit));
        this.replace(frozen, flushed);
      });
    } catch (error) {
      for (const segment of flushed) await this.discard(segment);
      throw error;
    }
  }

  // The next try writes another. If the manifest that names it may have been published, recovery decides.
  private async discard({ segment, entry }: FlushedSegment): Promise<void> {
    const { manifests, paths, parts } = this.target;
    if (parts.of(entry.space ?? FIRST_SPACE).segments.includes(segment)) return;
    segment.close();
    if (manifests.failed !== null) return;
    await rm(paths.segment(entry.number), { recursive: true, force: true }).catch(() => undefined);
  }

  // The rows are safe by now: what cannot be removed goes with the log of the next flush.
  private async dropLog(seq: number): Promise<void> {
    try {
      await this.target.wal.dropThrough(seq);
    } catch (error) {
      this.failure = asVamanaError(error);
    }
  }

  /** Null when none of its rows lives. */
  private async write({ store, number: spaceNumber }: VectorSpace, delta: NativeDelta): Promise<FlushedSegment | null> {
    const { paths, manifests, runtime, snapshots } = this.target;
    const number = this.takeNumber();
    const dir = paths.segment(number);
    // The native part only: a build takes long, and the metadata's would keep LMDB from using freed pages.
    const snapshot = snapshots.peek().native(spaceNumber).next({});
    try {
      if (!hasLiveRows(snapshot, delta)) return null;
      const config = spaceNumbered(manifests.current.config, spaceNumber);
      return await flushDelta({ store, snapshot, delta, number, dir, config, threads: runtime.buildThreads });
    } catch (error) {
      await rm(dir, { recursive: true, force: true }).catch(() => undefined);
      throw error;
    } finally {
      snapshot.close();
    }
  }

  private replace(frozen: FrozenRows, flushed: readonly FlushedSegment[]): void {
    const { parts } = this.target;
    parts.frozen = parts.frozen.filter((other) => other !== frozen);
    for (const { space, delta } of frozen.deltas) space.frozen = space.frozen.filter((other) => other !== delta);
    for (const { segment, entry } of flushed) {
      const space = parts.of(entry.space ?? FIRST_SPACE);
      space.segments = [...space.segments, segment];
    }
    this.publishParts();
    for (const { delta } of frozen.deltas) delta.close();
  }

  private publishParts(): void {
    const { parts, snapshots, meta } = this.target;
    snapshots.publish(parts.afterExchange(snapshots.peek(), meta.snapshot()));
  }

  private get commitQueue(): CommitQueue {
    if (this.queue === null) throw new VamanaError('INTERNAL', 'the flusher has no commit queue');
    return this.queue;
  }

  private wake(): void {
    for (const resolve of this.waiters.splice(0)) resolve();
  }
}

function hasLiveRows(snapshot: NativeSnapshot, delta: NativeDelta): boolean {
  const only = snapshot.next({ segments: [], deltas: [delta] });
  try {
    return only.liveRows > 0;
  } finally {
    only.close();
  }
}
