// One open collection: what `database.collection(name)` returns. The composition root: it wires metadata, log, deltas
// and segments together and hands each call to the part that does it. No logic of its own beyond that.
import { type TakenSnapshot, type TakeSnapshotOptions, takeSnapshot } from '../backup/take-snapshot.js';
import { loadNative, type NativeStore } from '../binding.js';
import { CommitQueue, type WriteResult } from '../commit-queue/commit-queue.js';
import type { CollectionConfig } from '../config/collection-config.js';
import type { Runtime } from '../config/runtime-options.js';
import { CollectionPaths } from '../disk/file-names.js';
import type { Storage } from '../disk/storage.js';
import { asVamanaError } from '../errors.js';
import { ManifestStore } from '../manifest/manifest-store.js';
import type { MetaStore } from '../meta/meta-store.js';
import type { Payload, PointIdInput } from '../payload/point.js';
import type { Point } from '../read/assemble.js';
import { CollectionReader, type ExplainedSearch } from '../read/collection-reader.js';
import type { PointGroup } from '../read/group-points.js';
import type { ScoredPoint } from '../read/hydrate.js';
import { LiveRows, unindexed } from '../read/live-rows.js';
import type {
  CollectionScrollOptions,
  CollectionSearchOptions,
  FilterOptions,
  GroupSearchOptions,
  ReadOptions,
} from '../read/read-options.js';
import type { ScrollPage } from '../read/scroll.js';
import { type RecoveryProgress, recover } from '../recovery/recover.js';
import { cancellable } from '../segment/cancellable.js';
import type { QueryVectors } from '../segment/query-batch.js';
import { CollectionSnapshot, SnapshotCell } from '../snapshot/collection-snapshot.js';
import {
  type CollectionVerifyReport,
  type VerifyCollectionOptions,
  verifyPinned,
} from '../verify/verify-collection.js';
import type { WalWriter } from '../wal/wal-writer.js';
import { RowAllocator } from '../write/row-allocator.js';
import { RowGatherer } from '../write/row-gatherer.js';
import type { EncodedPoint, PointInput, UpdateMode, UpdateVectors, WriteBatch } from '../write/write-batch.js';
import { BackPressure } from './back-pressure.js';
import { type ChangeOf, type ChangeTarget, changeWhere, type PointPredicate } from './change-where.js';
import type { CollectionStatus, WriteOptions } from './collection-options.js';
import { Flusher } from './flusher.js';
import { type ImportOptions, type ImportResult, importPoints } from './import-points.js';
import { Parts } from './parts.js';
import { pinCollection } from './pin.js';

export interface OpenCollectionInput {
  name: string;
  dir: string;
  storage: Storage;
  runtime: Runtime;
  onProgress?: (progress: RecoveryProgress) => void;
  /** Called when closing begins, with its end. */
  onClose?: (closed: Promise<void>) => void;
}

/** Recovers the collection in a folder; see src/recovery/recover.ts. NOT_FOUND, CORRUPT, TOO_NEW, IO. */
export async function openCollection(input: OpenCollectionInput): Promise<Collection> {
  const { dir, storage, runtime, onProgress } = input;
  const paths = new CollectionPaths(dir);
  const manifests = await ManifestStore.open<CollectionConfig>(storage, dir);
  const store = createStore(manifests.current.config, runtime);
  try {
    const recovered = await recover({
      storage,
      paths,
      manifests,
      store,
      runtime,
      ...(onProgress === undefined ? {} : { onProgress }),
    });
    const { segments, delta, dead, meta, wal, replayed: records, cutBytes } = recovered;
    const parts = new Parts(segments, [], delta);
    const native = store.createSnapshot({ segments, deltas: [delta], dead });
    const snapshots = new SnapshotCell(new CollectionSnapshot(native, meta.snapshot()));
    return new Collection(input.name, {
      storage,
      paths,
      manifests,
      runtime,
      store,
      parts,
      snapshots,
      meta,
      wal,
      recovered: { records, cutBytes },
      onClose: input.onClose,
    });
  } catch (error) {
    await store.close();
    throw asVamanaError(error);
  }
}

function createStore(config: CollectionConfig, runtime: Runtime): NativeStore {
  const native = loadNative();
  const { dim, element, metric, degree, buildList, alpha } = config;
  const { io, threads, cacheBytes } = runtime;
  const { queueRequests } = native.constants.defaults;
  const delta = { degree, buildList, alpha: Math.min(alpha, DELTA_ALPHA_MAX) };
  return native.createStore({ dim, element, metric, io, threads, inFlight: 0, cacheBytes, queueRequests, delta });
}

const DELTA_ALPHA_MAX = 2;
interface CollectionParts {
  storage: Storage;
  paths: CollectionPaths;
  manifests: ManifestStore<CollectionConfig>;
  runtime: Runtime;
  store: NativeStore;
  parts: Parts;
  snapshots: SnapshotCell;
  meta: MetaStore;
  wal: WalWriter;
  recovered: Collection['recovered'];
  onClose: OpenCollectionInput['onClose'];
}

/**
 * An open collection. Any number of calls may be in flight; a write that was acknowledged is seen by every read that
 * begins afterwards. Rejects with VamanaError.
 */
export class Collection {
  readonly config: CollectionConfig;
  /** What opening found in the log: records that were replayed, and bytes of its torn end that were cut. */
  readonly recovered: { readonly records: number; readonly cutBytes: number };
  private readonly reader: CollectionReader;
  private readonly queue: CommitQueue;
  private readonly flusher: Flusher;
  private closing: Promise<void> | null = null;

  /** @internal Use Database. */
  constructor(
    readonly name: string,
    private readonly root: CollectionParts,
  ) {
    const { manifests, parts, runtime, meta, wal } = root;
    const { config } = manifests.current;
    this.config = config;
    this.recovered = root.recovered;
    const live = LiveRows.of(root.snapshots.peek().meta);
    const { filterScanRows } = runtime;
    this.reader = new CollectionReader({
      config,
      snapshots: root.snapshots,
      store: root.store,
      fields: unindexed(live),
      filterScanRows,
    });
    this.flusher = new Flusher(root);
    const gatherer = new RowGatherer(config);
    const pressure = new BackPressure(parts, this.flusher, runtime, gatherer.rowBytes);
    this.queue = new CommitQueue({
      wal,
      meta,
      rows: new RowAllocator(meta.state.nextRow),
      space: config,
      ids: { strings: config.stringIds },
      admit: (runTasks) => pressure.admit(runTasks),
      publish: (records) => {
        for (const record of records) gatherer.add(record);
        const dead = deadRows(records);
        live.publish(gatherer.numbers, dead);
        gatherer.moveTo(parts.active);
        this.publish(dead);
      },
    });
    this.flusher.attach(this.queue);
  }

  /**
   * Applies a batch: all of it or nothing, in order. Resolves when it is durable (as `sync` has it) and visible.
   *
   * @throws VamanaError INVALID_ARGUMENT and NOT_FINITE (naming the point), VERSION_CONFLICT, ROWS_EXHAUSTED, BUSY
   *   (no room for more rows in time; try again), DISK_FULL, IO, CLOSED.
   */
  write(batch: WriteBatch): Promise<WriteResult> {
    return this.queue.write(batch);
  }

  /** Writes whole points; by default those that exist are replaced. */
  upsert(
    points: readonly (PointInput | EncodedPoint)[],
    options: WriteOptions & { mode?: UpdateMode } = {},
  ): Promise<WriteResult> {
    return this.write([{ upsert: points, ...options }]);
  }

  /** Upserts all that an iterator gives, in batches, in order; see src/collection/import-points.ts. */
  import(points: AsyncIterable<PointInput> | Iterable<PointInput>, options: ImportOptions = {}): Promise<ImportResult> {
    return importPoints(points, (batch) => this.upsert(batch), options);
  }

  delete(ids: readonly PointIdInput[], options: WriteOptions = {}): Promise<WriteResult> {
    return this.write([{ delete: ids, ...options }]);
  }

  /**
   * Deletes the points that `matches` accepts, batch by batch; a point that changed since it was looked at is looked
   * at again. Returns how many were deleted.
   */
  deleteWhere(matches: PointPredicate, options: { signal?: AbortSignal } = {}): Promise<number> {
    return changeWhere(this.changeTarget, this.scroll(options), matches, (id) => ({ delete: [id] }));
  }

  /** Deletes the points that match a filter; as deleteWhere otherwise. */
  deleteMatching(filter: unknown, options: FilterOptions = {}): Promise<number> {
    return this.changeMatching(filter, (id) => ({ delete: [id] }), options);
  }

  /**
   * Writes what `changeOf` makes of each point that matches a filter, under the condition that it still does. Returns
   * how many were changed.
   */
  changeMatching(filter: unknown, changeOf: ChangeOf, { signal }: FilterOptions = {}): Promise<number> {
    const matches = this.reader.matcherOf(filter);
    const points = this.scroll({ filter, ...(signal === undefined ? {} : { signal }) });
    return changeWhere(this.changeTarget, points, matches, changeOf);
  }

  /** New vectors for points that keep their payloads. */
  updateVectors(vectors: UpdateVectors['updateVectors'], options: WriteOptions = {}): Promise<WriteResult> {
    return this.write([{ updateVectors: vectors, ...options }]);
  }

  /** Merges into the payloads, or into the object at the path `key`. */
  setPayload(
    ids: readonly PointIdInput[],
    payload: Payload,
    options: WriteOptions & { key?: string } = {},
  ): Promise<WriteResult> {
    return this.write([{ setPayload: payload, ids, ...options }]);
  }

  overwritePayload(ids: readonly PointIdInput[], payload: Payload, options: WriteOptions = {}): Promise<WriteResult> {
    return this.write([{ overwritePayload: payload, ids, ...options }]);
  }

  /** Removes what stands at the paths. */
  deletePayload(
    ids: readonly PointIdInput[],
    keys: readonly string[],
    options: WriteOptions = {},
  ): Promise<WriteResult> {
    return this.write([{ deletePayload: keys, ids, ...options }]);
  }

  clearPayload(ids: readonly PointIdInput[], options: WriteOptions = {}): Promise<WriteResult> {
    return this.write([{ clearPayload: ids, ...options }]);
  }

  /**
   * The points nearest to the query, nearest first, each with its distance in the units of the metric.
   *
   * @throws VamanaError INVALID_ARGUMENT, NOT_FINITE, BUSY, ABORTED, CORRUPT, IO, CLOSED.
   */
  search(query: QueryVectors | readonly number[], options: CollectionSearchOptions = {}): Promise<ScoredPoint[]> {
    return this.reader.search(query, options);
  }

  /** The same for many queries, tightly packed, on one view of the collection and in one pass. */
  searchBatch(queries: QueryVectors, options: CollectionSearchOptions = {}): Promise<ScoredPoint[][]> {
    return this.reader.searchBatch(queries, options);
  }

  /** As `search`, and how the answer was found: matching points, strategies, what was foreseen and what it cost. */
  explain(query: QueryVectors | readonly number[], options: CollectionSearchOptions = {}): Promise<ExplainedSearch> {
    return this.reader.explain(query, options);
  }

  /** The nearest points of each of the nearest groups: points that share a value of one field. */
  searchGroups(query: QueryVectors | readonly number[], options: GroupSearchOptions): Promise<PointGroup[]> {
    return this.reader.searchGroups(query, options);
  }

  /** The points with these ids, in their order, without those that are missing. */
  retrieve(ids: readonly PointIdInput[], options: ReadOptions = {}): Promise<Point[]> {
    return this.reader.retrieve(ids, options);
  }

  /** All points in the order of their ids, numbers before UUIDs; see src/read/scroll.ts for what it sees of writes. */
  scroll(options: CollectionScrollOptions = {}): AsyncGenerator<Point, void> {
    return this.reader.scroll(options);
  }

  /** Up to `limit` points from an id on, and the id at which the next page begins; null after the last. */
  scrollPage(limit: number, options: CollectionScrollOptions = {}): Promise<ScrollPage> {
    return this.reader.scrollPage(limit, options);
  }

  /** Points, of the last batch that was acknowledged. */
  count(): number {
    return this.reader.count();
  }

  /** Points that match. */
  countWhere(filter: unknown, options: FilterOptions = {}): Promise<number> {
    return this.reader.countWhere(filter, options);
  }

  /**
   * Writes the fresh rows as a segment. Resolves when all rows that were there at the call are on the disk as such.
   *
   * @throws VamanaError DISK_FULL, IO, MEMORY_LIMIT (nothing is lost, and it is tried again), CLOSED.
   */
  async flush(): Promise<void> {
    for (let left = true; left; ) {
      const rotation = await this.queue.run(() => this.flusher.rotate());
      await this.flusher.settled(rotation);
      left = rotation.left;
    }
  }

  /** Resolves when the rows that were there at the call are linked, so that searches scan none of them. */
  async linked(options: { signal?: AbortSignal } = {}): Promise<void> {
    const { deltas } = this.root.parts;
    await cancellable(loadNative(), options.signal, async (cancel) => {
      await Promise.all(deltas.map((delta) => delta.linked(cancel)));
    });
  }

  /**
   * A consistent copy in a new folder, of the last batch acknowledged or a later one; writes go on but for a moment.
   * Database.restoreCollection makes a collection of it.
   *
   * @throws VamanaError ALREADY_EXISTS, NOT_FOUND (the folder that it shall lie in), DISK_FULL, IO, ABORTED, CLOSED.
   */
  snapshot(dir: string, options: TakeSnapshotOptions = {}): Promise<TakenSnapshot> {
    const { storage, paths, manifests, meta, wal } = this.root;
    const alone = <T>(work: () => Promise<T>): Promise<T> => this.queue.run(work);
    return takeSnapshot({ name: this.name, storage, paths, manifests, meta, wal, alone }, dir, options);
  }

  /**
   * Checks everything that the collection has on the disk, as of one moment; writes and searches go on. What is wrong
   * is in the report.
   *
   * @throws VamanaError ABORTED, CLOSED.
   */
  async verify(options: VerifyCollectionOptions = {}): Promise<CollectionVerifyReport> {
    const { paths, storage } = this.root;
    const { release, ...pinned } = await this.queue.run(() => pinCollection(this.root));
    try {
      return await verifyPinned(paths, storage, pinned, options);
    } finally {
      release();
    }
  }

  /** Closed, or about to be: a call would reject with CLOSED. */
  get isClosed(): boolean {
    return this.closing !== null;
  }

  status(): CollectionStatus {
    const { manifests, parts, snapshots, meta, wal, store } = this.root;
    const deltas = parts.deltas.map((delta) => delta.stats());
    const { memory, cache, io } = store.stats();
    return {
      points: this.count(),
      seq: snapshots.peek().seq,
      segments: manifests.current.segments.map(({ number, rows, bytes, level }) => ({ number, rows, bytes, level })),
      freshRows: deltas.reduce((sum, { rows }) => sum + rows, 0),
      unlinkedRows: deltas.reduce((sum, { rows, linked }) => sum + rows - linked, 0),
      flushing: parts.frozen.length,
      flushError: this.flusher.failure?.message ?? null,
      writeError: this.queue.failed?.message ?? null,
      wal: wal.stats(),
      metaBytes: meta.fileBytes,
      memory,
      cache,
      io,
    };
  }

  /** Waits for writes in flight and makes everything durable. What is not in segments yet is in the log. Idempotent. */
  close(): Promise<void> {
    if (this.closing === null) {
      this.closing = this.finish();
      this.root.onClose?.(this.closing);
    }
    return this.closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private async finish(): Promise<void> {
    const { store, parts, snapshots, meta, wal } = this.root;
    await this.flusher.close();
    await this.queue.close();
    this.reader.close();
    snapshots.close();
    parts.close();
    const ends = await Promise.allSettled([wal.close(), meta.close(), store.close()]);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  // After a group: the metadata is at its last record, and the delta has its rows.
  private publish(dead: Uint32Array): void {
    const { snapshots, meta } = this.root;
    const native = snapshots.peek().native.next({ dead });
    snapshots.publish(new CollectionSnapshot(native, meta.snapshot()));
  }

  private get changeTarget(): ChangeTarget {
    return {
      write: (batch) => this.write(batch),
      look: async (id) => (await this.retrieve([id]))[0],
    };
  }
}

function deadRows(records: Parameters<ConstructorParameters<typeof CommitQueue>[0]['publish']>[0]): Uint32Array {
  const dead: number[] = [];
  for (const { ops } of records) {
    for (const op of ops) {
      if (op.kind === 'delete') dead.push(op.row);
      else if (op.kind === 'put' && op.dead !== null) dead.push(op.dead);
    }
  }
  return Uint32Array.from(dead);
}
