// Fills a vector space with the vectors of points that were there before it: entries of a source, in batches, at a rate
// that leaves the rest of the work its time. A point that has a vector there by then keeps it, and one that is gone is
// passed over, so writes that know the new space may go on meanwhile and nothing they wrote is lost.
//
// How far it came is in the manifest: entries up to that position are durable in the log first, then the position is. So
// a process that ends, however it does, goes on from there; entries that were written after it are passed over. Called by
// collection-spaces.ts.
import { setTimeout as sleep } from 'node:timers/promises';
import type { CommitQueue } from '../commit-queue/commit-queue.js';
import type { CollectionConfig } from '../config/collection-config.js';
import { type BackfillMark, spaceOf } from '../config/spaces.js';
import { VamanaError } from '../errors.js';
import { applyEdit } from '../manifest/manifest-edit.js';
import type { ManifestStore } from '../manifest/manifest-store.js';
import type { PointIdInput } from '../payload/point.js';
import type { WalWriter } from '../wal/wal-writer.js';
import type { GivenModels } from '../write/encode-vectors.js';
import type { VectorInput } from '../write/vector-input.js';

export interface BackfillEntry {
  id: PointIdInput;
  vector: VectorInput;
}

export interface BackfillOptions {
  /** Entries a batch; 500 by default. */
  batchPoints?: number;
  /** Entries a second, at most; as fast as it goes by default. */
  pointsPerSecond?: number;
  /** What made the vectors: refused where the space holds those of another model. */
  model?: string;
  /** Begin with the first entry, whatever was done before. */
  restart?: boolean;
  signal?: AbortSignal;
  /** Hears of every batch. */
  onProgress?: (progress: BackfillProgress) => void;
}

export interface BackfillProgress {
  /** Entries of the source that are done with, those of earlier runs included. */
  position: number;
  /** Of this run: points that got their vector, and entries passed over. */
  written: number;
  passedOver: number;
}

/** Entries from a position on, always in the same order. */
export type BackfillSource = (position: number) => AsyncIterable<BackfillEntry> | Iterable<BackfillEntry>;

export interface BackfillTarget {
  manifests: ManifestStore<CollectionConfig>;
  wal: WalWriter;
  queue: CommitQueue;
}

/** Between two notes of how far it came. */
const NOTE_MS = 1000;
const BATCH_POINTS_DEFAULT = 500;

export async function backfillSpace(
  target: BackfillTarget,
  name: string,
  source: BackfillSource,
  options: BackfillOptions,
): Promise<BackfillProgress> {
  const { number } = spaceOf(target.manifests.current.config, name);
  const { batchPoints = BATCH_POINTS_DEFAULT, restart = false, signal } = options;
  const marks = target.manifests.current.config.spaces?.backfills ?? [];
  const before = restart ? 0 : (marks.find(({ space }) => space === number)?.position ?? 0);
  const run = new Backfill(target, { name, number }, { position: before, written: 0, passedOver: 0 }, options);
  let batch: BackfillEntry[] = [];
  for await (const entry of source(before)) {
    if (signal?.aborted === true) break;
    batch.push(entry);
    if (batch.length < batchPoints) continue;
    await run.write(batch);
    batch = [];
  }
  if (signal?.aborted !== true && batch.length > 0) await run.write(batch);
  await run.note(signal?.aborted !== true);
  if (signal?.aborted !== true) return run.progress;
  throw new VamanaError(
    'ABORTED',
    `the backfill of ${name} was stopped at entry ${run.progress.position}; go on from it`,
  );
}

class Backfill {
  private readonly beganMs = performance.now();
  private notedMs = this.beganMs;

  constructor(
    private readonly target: BackfillTarget,
    private readonly space: { name: string; number: number },
    readonly progress: BackfillProgress,
    private readonly options: BackfillOptions,
  ) {}

  async write(batch: readonly BackfillEntry[]): Promise<void> {
    const { progress, options } = this;
    const { name } = this.space;
    await this.pace(batch.length);
    const model: { model?: GivenModels } = options.model === undefined ? {} : { model: { [name]: options.model } };
    const updateVectors = batch.map(({ id, vector }) => ({ id, vectors: { [name]: vector } }));
    const { operations } = await this.target.queue.write([{ updateVectors, onlyMissing: true, ...model }]);
    progress.position += batch.length;
    progress.written += operations[0]?.applied ?? 0;
    progress.passedOver += operations[0]?.ignored ?? 0;
    options.onProgress?.({ ...progress });
    if (performance.now() - this.notedMs >= NOTE_MS) await this.note(false);
  }

  /** On the disk, behind all that was written. */
  async note(isFinished: boolean): Promise<void> {
    const { manifests, wal, queue } = this.target;
    const mark: BackfillMark = { space: this.space.number, position: this.progress.position, isFinished };
    await queue.run(async () => {
      await wal.sync();
      const { config } = manifests.current;
      if (config.spaces === undefined) return;
      const others = (config.spaces.backfills ?? []).filter(({ space }) => space !== mark.space);
      const spaces = { ...config.spaces, backfills: [...others, mark] };
      await manifests.publish(applyEdit(manifests.current, { config: { ...config, spaces } }));
    });
    this.notedMs = performance.now();
  }

  /** Waits until that many more entries are due. */
  private async pace(entries: number): Promise<void> {
    const { pointsPerSecond, signal } = this.options;
    if (pointsPerSecond === undefined) return;
    const done = this.progress.written + this.progress.passedOver + entries;
    const waitMs = (1000 * done) / pointsPerSecond - (performance.now() - this.beganMs);
    if (waitMs > 0) await sleep(waitMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}
