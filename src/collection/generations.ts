// Which segments a collection is searched in, exchanged as a whole, and those that were replaced: kept on the disk for a
// time of grace, put back on request, removed when it is over. Called by lifecycle.ts, and by what reads files of
// segments by their names.
import { rm } from 'node:fs/promises';
import type { NativeSegment } from '../binding.js';
import type { CommitQueue } from '../commit-queue/commit-queue.js';
import type { CollectionConfig } from '../config/collection-config.js';
import { FIRST_SPACE } from '../config/spaces.js';
import type { CollectionPaths } from '../disk/file-names.js';
import { VamanaError } from '../errors.js';
import type { RetiredGeneration, SegmentEntry } from '../manifest/manifest.js';
import { applyEdit } from '../manifest/manifest-edit.js';
import type { ManifestStore } from '../manifest/manifest-store.js';
import type { MetaStore } from '../meta/meta-store.js';
import { probeDelta, probeSegment } from '../segment/row-probe.js';
import type { SnapshotCell } from '../snapshot/collection-snapshot.js';
import type { WalWriter } from '../wal/wal-writer.js';
import { forgetDead } from './forget-dead.js';
import type { Parts } from './parts.js';

export interface GenerationsTarget {
  paths: CollectionPaths;
  manifests: ManifestStore<CollectionConfig>;
  parts: Parts;
  snapshots: SnapshotCell;
  meta: MetaStore;
  wal: WalWriter;
  queue: CommitQueue;
}

export interface OpenSegment {
  segment: NativeSegment;
  entry: SegmentEntry;
}

/** Longer ones overflow. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export class Generations {
  private timer: NodeJS.Timeout | null = null;
  private closed = false;
  /** Readers of files by their names: nothing is removed meanwhile. */
  private holds = 0;
  /** Segments that no manifest names any more, and whose files are still there for those readers. */
  private readonly held = new Set<number>();

  constructor(private readonly target: GenerationsTarget) {}

  /** Once the collection is open: what is overdue is removed. */
  start(): void {
    this.removeExpiredSoon();
    // Where the process before did not come to it. What it fails with, writes will too.
    void this.target.queue.run(() => this.forgetDead()).catch(() => undefined);
  }

  /** Until what it returns is called, no file of a segment is removed. */
  hold(): () => void {
    this.holds += 1;
    return () => {
      this.holds -= 1;
      if (this.holds > 0) return;
      this.removeExpiredSoon();
      if (this.held.size > 0) void this.target.queue.run(() => this.removeFolders([])).catch(() => undefined);
    };
  }

  /**
   * Of segments that no manifest names any more, and of those that were held before. On the commit queue, or for a
   * segment that was never named.
   */
  async removeFolders(numbers: readonly number[]): Promise<void> {
    for (const number of numbers) this.held.add(number);
    for (const number of [...this.held]) {
      if (this.holds > 0) return;
      // What is left is removed at the next opening.
      await rm(this.target.paths.segment(number), { recursive: true, force: true }).catch(() => undefined);
      this.held.delete(number);
    }
  }

  /** See Collection.rollback. */
  rollBack(number: number | undefined): Promise<RetiredGeneration> {
    return this.target.queue.run(() => this.rollBackAlone(number));
  }

  close(): void {
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }

  /**
   * On the commit queue only. The manifest first: what is published afterwards is what opening would find. Returns for how
   * many milliseconds searches that began waited: the exchange itself, without the disk.
   */
  async exchange(
    gone: readonly SegmentEntry[],
    come: readonly OpenSegment[],
    rest: { retired: readonly RetiredGeneration[]; config?: CollectionConfig },
  ): Promise<number> {
    const { manifests, parts, snapshots, meta } = this.target;
    const edit = {
      removeSegments: gone.map(({ number }) => number),
      addSegments: come.map(({ entry }) => entry),
      ...rest,
    };
    await manifests.publish(applyEdit(manifests.current, edit));
    const began = performance.now();
    const uuids = new Set(gone.map(({ uuid }) => uuid));
    const leaving: NativeSegment[] = [];
    for (const space of parts.spaces) {
      const coming = come.filter(({ entry }) => (entry.space ?? FIRST_SPACE) === space.number);
      leaving.push(...space.segments.filter(({ info }) => uuids.has(info.uuid)));
      const staying = space.segments.filter(({ info }) => !uuids.has(info.uuid));
      space.segments = [...staying, ...coming.map(({ segment }) => segment)];
    }
    snapshots.publish(parts.afterExchange(snapshots.peek(), meta.snapshot()));
    const swapMs = performance.now() - began;
    // Searches in flight keep what they hold.
    for (const segment of leaving) segment.close();
    this.removeExpiredSoon();
    return swapMs;
  }

  private async rollBackAlone(number: number | undefined): Promise<RetiredGeneration> {
    const { manifests, parts, paths } = this.target;
    const { retired = [], segments } = manifests.current;
    const generation = number === undefined ? retired.at(-1) : retired.find(({ replacedBy }) => replacedBy === number);
    if (generation === undefined) {
      const what =
        number === undefined ? 'no segments are kept' : `no segments are kept that segment ${number} replaced`;
      throw new VamanaError('NOT_FOUND', `roll back: ${what}; they are for maintenance.graceMs after a job`);
    }
    const { replacedBy } = generation;
    const replacing = segments.filter((entry) => entry.number === replacedBy);
    if (replacedBy !== null && replacing.length === 0) {
      const later = retired.find((other) => other.segments.some((entry) => entry.number === replacedBy))?.replacedBy;
      const message = `roll back: segment ${replacedBy} was replaced by segment ${later ?? 'of a later job'} since`;
      throw new VamanaError('INVALID_ARGUMENT', `${message}; roll that back first`);
    }
    const come: OpenSegment[] = [];
    try {
      for (const entry of generation.segments) {
        come.push({
          entry,
          segment: await parts.of(entry.space ?? FIRST_SPACE).store.openSegment(paths.segment(entry.number)),
        });
      }
    } catch (error) {
      for (const { segment } of come) segment.close();
      throw error;
    }
    await this.exchange(replacing, come, { retired: retired.filter((other) => other !== generation) });
    await this.removeFolders(replacing.map((entry) => entry.number));
    return generation;
  }

  private removeExpiredSoon(): void {
    if (this.closed || this.holds > 0) return;
    const { retired = [] } = this.target.manifests.current;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (retired.length === 0) return;
    const next = Math.min(...retired.map(({ deleteAfter }) => Date.parse(deleteAfter)));
    const wait = Math.min(TIMER_MAX_MS, Math.max(0, next - Date.now()));
    this.timer = setTimeout(() => void this.removeExpired().catch(() => undefined), wait).unref();
  }

  // First the manifest, so that nothing is named that is not there.
  private removeExpired(): Promise<void> {
    return this.target.queue.run(async () => {
      const { manifests } = this.target;
      const { retired = [] } = manifests.current;
      const now = Date.now();
      const gone = retired.filter(({ deleteAfter }) => Date.parse(deleteAfter) <= now);
      if (gone.length > 0 && this.holds === 0) {
        await manifests.publish(
          applyEdit(manifests.current, { retired: retired.filter((other) => !gone.includes(other)) }),
        );
        await this.removeFolders(gone.flatMap(({ segments }) => segments.map(({ number }) => number)));
        await this.forgetDead();
      }
      this.removeExpiredSoon();
    });
  }

  /** On the commit queue only. What reads files by their names has a manifest of its own, which may name older ones. */
  private async forgetDead(): Promise<void> {
    const { manifests, parts, meta, wal } = this.target;
    if (this.closed || this.holds > 0 || (manifests.current.retired ?? []).length > 0) return;
    const probes = () =>
      parts.spaces.flatMap(({ store, segments, deltas }) => [
        ...segments.map((segment) => probeSegment(store, 'a segment', segment)),
        ...deltas.map((delta) => probeDelta(store, 'the rows in memory', delta)),
      ]);
    await forgetDead({ meta, wal, parts: probes });
  }

  /** A segment that was made in vain. */
  async discard({ segment, entry }: OpenSegment): Promise<void> {
    const { manifests, parts } = this.target;
    if (parts.of(entry.space ?? FIRST_SPACE).segments.includes(segment)) return;
    segment.close();
    // If a manifest that names it may have been published, recovery decides.
    if (manifests.failed === null) await this.removeFolders([entry.number]);
  }
}
