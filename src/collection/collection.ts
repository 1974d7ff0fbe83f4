// One open collection: what `database.collection(name)` returns. The composition root: wires metadata, log, deltas and
// segments together and hands each call to the part that does it. No logic of its own beyond that.
import { type TakenSnapshot, type TakeSnapshotOptions, takeSnapshot } from '../backup/take-snapshot.js';
import { loadNative, type NativeStore } from '../binding.js';
import { CommitQueue, type WriteResult } from '../commit-queue/commit-queue.js';
import type { CollectionConfig } from '../config/collection-config.js';
import { hasNames } from '../config/spaces.js';
import type { FieldSchemaInput } from '../field/field-schema.js';
import type { FacetHit } from '../field/value-index.js';
import type { RetiredGeneration } from '../manifest/manifest.js';
import type { Payload, PointIdInput } from '../payload/point.js';
import type { Point } from '../read/assemble.js';
import { CollectionReader, type ExplainedSearch, type OrderedPoint } from '../read/collection-reader.js';
import type { PointGroup } from '../read/group-points.js';
import type { ScoredPoint } from '../read/hydrate.js';
import { LiveRows } from '../read/live-rows.js';
import type {
  CollectionScrollOptions,
  CollectionSearchOptions,
  FacetOptions,
  FilterOptions,
  GroupSearchOptions,
  OrderedOptions,
  ReadOptions,
} from '../read/read-options.js';
import type { ScrollPage } from '../read/scroll.js';
import type { HealthReport } from '../rebuild/health.js';
import type { Job } from '../rebuild/job.js';
import { cancellable } from '../segment/cancellable.js';
import type { QueryVectors } from '../segment/query-batch.js';
import {
  type CollectionVerifyReport,
  type VerifyCollectionOptions,
  verifyPinned,
} from '../verify/verify-collection.js';
import { changedRows } from '../wal/changed-rows.js';
import { RowAllocator } from '../write/row-allocator.js';
import type { AnyPoint, Modelled, UpdateMode, UpdateVectors, WriteBatch } from '../write/write-batch.js';
import { BackPressure } from './back-pressure.js';
import { type ChangeOf, type ChangeTarget, changeWhere, type PointPredicate } from './change-where.js';
import type { CollectionStatus, WriteOptions } from './collection-options.js';
import type { CollectionRoot } from './collection-root.js';
import { FieldIndexes, type FieldStatus } from './field-indexes.js';
import { Flusher } from './flusher.js';
import { Generations } from './generations.js';
import { type ImportOptions, type ImportResult, importPoints } from './import-points.js';
import { type JobOptions, type JobStatus, Lifecycle, type RebuildOptions } from './lifecycle.js';
import { CollectionSpaces } from './collection-spaces.js';
import { statsOf } from './space-stats.js';
import { pinCollection } from './pin.js';

/**
 * An open collection. Any number of calls may be in flight; a write that was acknowledged is seen by every read that
 * begins afterwards. Rejects with VamanaError.
 */
export class Collection {
  /** What opening found in the log: records that were replayed, and bytes of its torn end that were cut. */
  readonly recovered: { readonly records: number; readonly cutBytes: number };
  /** Vectors of several names: added, filled, compared, chosen and dropped. */
  readonly spaces: CollectionSpaces;
  private readonly reader: CollectionReader;
  private readonly fields: FieldIndexes;
  private readonly queue: CommitQueue;
  private readonly flusher: Flusher;
  private readonly generations: Generations;
  private readonly lifecycle: Lifecycle;
  private closing: Promise<void> | null = null;

  /** @internal Use Database. */
  constructor(
    readonly name: string,
    private readonly root: CollectionRoot,
  ) {
    const { manifests, parts, runtime, meta, wal } = root;
    const config = (): CollectionConfig => manifests.current.config;
    this.recovered = root.recovered;
    const live = LiveRows.of(root.snapshots.peek().meta);
    const { filterScanRows } = runtime;
    const { snapshots } = root;
    const storeOf = (space: number): NativeStore => parts.of(space).store;
    this.fields = new FieldIndexes({ meta, wal, live, snapshots, alone: (work) => this.queue.run(work) });
    this.reader = new CollectionReader({ config, snapshots, storeOf, fields: this.fields, filterScanRows });
    this.flusher = new Flusher({ ...root, onFlushed: () => this.fields.storeSoon() });
    const pressure = new BackPressure(parts, this.flusher, runtime);
    this.queue = new CommitQueue({
      wal,
      meta,
      rows: new RowAllocator(meta.state.nextRow),
      config,
      readVectors: (rows) => this.reader.readVectors(rows),
      admit: (runTasks) => pressure.admit(runTasks),
      publish: (records) => {
        const { put, dead } = changedRows(records);
        live.publish(put, dead);
        this.fields.publish(records);
        for (const { gatherer, active } of parts.spaces) {
          for (const record of records) gatherer.add(record);
          gatherer.moveTo(active);
        }
        snapshots.publish(parts.afterRecords(snapshots.peek(), meta.snapshot(), dead));
      },
    });
    this.flusher.attach(this.queue);
    const { queue } = this;
    this.generations = new Generations({ ...root, queue });
    this.lifecycle = new Lifecycle({
      ...root,
      name,
      live,
      queue,
      generations: this.generations,
      takeNumber: () => this.flusher.takeNumber(),
      recent: (space) => this.reader.recentQueries(space),
      searchP99Ms: () => this.reader.latencies.p99Ms(),
    });
    this.spaces = new CollectionSpaces({
      ...root,
      queue,
      generations: this.generations,
      requireIdle: (what) => this.lifecycle.requireIdle(what),
      flush: () => this.flush(),
      onChange: () => this.lifecycle.followSpaces(),
      reads: this,
    });
  }

  /** As it was made, or rebuilt. */
  get config(): CollectionConfig {
    return this.root.manifests.current.config;
  }

  /** @internal Before anything is asked of it. */
  async start(): Promise<void> {
    await this.fields.load();
    this.generations.start();
    this.lifecycle.start();
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
    points: readonly AnyPoint[],
    options: WriteOptions & Modelled & { mode?: UpdateMode } = {},
  ): Promise<WriteResult> {
    return this.write([{ upsert: points, ...options }]);
  }

  /** Upserts all that an iterator gives, in batches, in order; see src/collection/import-points.ts. */
  import(points: AsyncIterable<AnyPoint> | Iterable<AnyPoint>, options: ImportOptions = {}): Promise<ImportResult> {
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
    return changeWhere(this.changeTarget(), this.scroll(options), matches, (id) => ({ delete: [id] }));
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
    const { matches, asksForVectors: withVector } = this.reader.matcherOf(filter);
    const points = this.scroll({ filter, withVector, ...(signal === undefined ? {} : { signal }) });
    return changeWhere(this.changeTarget({ withVector }), points, matches, changeOf);
  }

  /** New vectors for points that keep their payloads, and their vectors of other names. */
  updateVectors(vectors: UpdateVectors['updateVectors'], options: WriteOptions & Modelled = {}): Promise<WriteResult> {
    return this.write([{ updateVectors: vectors, ...options }]);
  }

  /** Takes vectors of these names from points, which stay. INVALID_ARGUMENT where vectors have no names. */
  deleteVectors(
    ids: readonly PointIdInput[],
    names: readonly string[],
    options: WriteOptions = {},
  ): Promise<WriteResult> {
    return this.write([{ deleteVectors: names, ids, ...options }]);
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

  /**
   * Values of a field with the number of points that have each, most first; exact.
   *
   * @throws VamanaError UNINDEXED_FILTER where the field has no index, INVALID_ARGUMENT, ABORTED, CLOSED.
   */
  facet(key: string, options: FacetOptions = {}): Promise<FacetHit[]> {
    return this.reader.facet(key, options);
  }

  /** Up to `limit` points in the order of a field that has an index of numbers or dates. As `facet` for errors. */
  orderedPoints(limit: number, options: OrderedOptions): Promise<OrderedPoint[]> {
    return this.reader.orderedPoints(limit, options);
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
   * Makes an index of a payload field, so that filters on it read no payloads; see src/field/field-schema.ts for the
   * types. Returns once it is begun: `built` resolves when it answers, and rejects with ABORTED when it is dropped or
   * replaced before. An index of the same kind stays, one of another is replaced.
   *
   * @throws VamanaError INVALID_ARGUMENT, DISK_FULL, IO, CLOSED.
   */
  createFieldIndex(key: string, schema: FieldSchemaInput): Promise<{ built: Promise<void> }> {
    return this.fields.create(key, schema);
  }

  /** False where the field has no index. DISK_FULL, IO, CLOSED. */
  dropFieldIndex(key: string): Promise<boolean> {
    return this.fields.drop(key);
  }

  /** The indexes of payload fields and how far they are. */
  fieldIndexes(): FieldStatus[] {
    return this.fields.status();
  }

  /** Resolves when no index of a field is being built any more. */
  fieldIndexesBuilt(): Promise<void> {
    return this.fields.ready();
  }

  /**
   * Writes the fresh rows, if there are any, as a segment, and lets the log go that is not needed then. Resolves when all
   * rows that were there at the call are on the disk as such.
   *
   * @throws VamanaError DISK_FULL, IO, MEMORY_LIMIT (nothing is lost, and it is tried again), CLOSED; after a write that
   *   failed midway what that failed with, until the collection is opened again.
   */
  async flush(): Promise<void> {
    for (let left = true; left; ) {
      const rotation = await this.queue.run(() => this.flusher.rotate());
      await this.flusher.settled(rotation);
      left = rotation.left;
    }
  }

  /**
   * Merges all segments into one, which keeps the graph of the largest: dead rows are taken out, the others are linked
   * into it. Searches and writes go on. Resolves with the job once the new segment has taken the place of the others;
   * null where there are none. Fresh rows stay as they are: `flush` first to have them in.
   *
   * @throws VamanaError GATE_REFUSED (the new segment was judged worse; nothing has changed), BUSY (another job is
   *   running), DISK_FULL, MEMORY_LIMIT, IO, ABORTED, CLOSED.
   */
  compact(options: JobOptions = {}): Promise<Job | null> {
    return this.lifecycle.compact(options);
  }

  /** As `compact`, with a new graph and new codes, of other parameters where they are given. */
  rebuild(options: RebuildOptions = {}): Promise<Job | null> {
    return this.lifecycle.rebuild(options);
  }

  /**
   * Takes the last merge or rebuild back, or the one that made the segment of this number: the segments it replaced
   * are searched again. What was written since stays.
   *
   * @throws VamanaError NOT_FOUND (they are gone: see `maintenance.graceMs`), INVALID_ARGUMENT, BUSY, IO, CLOSED.
   */
  rollback(segment?: number): Promise<RetiredGeneration> {
    return this.lifecycle.rollback(segment);
  }

  /** Measures recall of some points as queries, dead rows, segments of a space: five seconds at most. CLOSED. */
  health(space?: string): Promise<HealthReport> {
    return this.lifecycle.checkHealth(space);
  }

  /** Has a merge or a rebuild stand still, with what it holds, or go on. False where the job is not running. */
  pauseJob(id: number, paused = true): boolean {
    return this.lifecycle.pause(id, paused);
  }

  /** Merges and rebuilds, newest last. */
  jobs(): JobStatus[] {
    return this.lifecycle.jobs();
  }

  /** False where the job is not running. */
  cancelJob(id: number): boolean {
    return this.lifecycle.cancel(id);
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
    const letGo = this.generations.hold();
    const source = { name: this.name, storage, paths, manifests, meta, wal, alone };
    return takeSnapshot(source, dir, options).finally(letGo);
  }

  /**
   * Checks everything that the collection has on the disk, as of one moment; writes and searches go on. What is wrong
   * is in the report.
   *
   * @throws VamanaError ABORTED, CLOSED.
   */
  async verify(options: VerifyCollectionOptions = {}): Promise<CollectionVerifyReport> {
    const { paths, storage } = this.root;
    const letGo = this.generations.hold();
    try {
      const { release, ...pinned } = await this.queue.run(() => pinCollection(this.root));
      try {
        return await verifyPinned(paths, storage, pinned, options);
      } finally {
        release();
      }
    } finally {
      letGo();
    }
  }

  /** Closed, or about to be: a call would reject with CLOSED. */
  get isClosed(): boolean {
    return this.closing !== null;
  }

  status(): CollectionStatus {
    const { manifests, parts, snapshots, meta, wal } = this.root;
    const deltas = parts.deltas.map((delta) => delta.stats());
    const { memory, cache, io } = statsOf(parts.spaces);
    return {
      points: this.count(),
      seq: snapshots.peek().seq,
      lifecycle: this.lifecycle.status(),
      segments: manifests.current.segments.map(({ number, rows, bytes, level }) => ({ number, rows, bytes, level })),
      ...(hasNames(this.config) ? { spaces: this.spaces.status() } : {}),
      freshRows: deltas.reduce((sum, { rows }) => sum + rows, 0),
      unlinkedRows: deltas.reduce((sum, { rows, linked }) => sum + rows - linked, 0),
      flushing: parts.frozen.length,
      flushError: this.flusher.failure?.message ?? null,
      fieldError: this.fields.storeError?.message ?? null,
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
    const { parts, snapshots, meta, wal } = this.root;
    await this.lifecycle.close();
    this.generations.close();
    await this.flusher.close();
    await this.fields.close();
    await this.queue.close();
    this.reader.close();
    snapshots.close();
    parts.close();
    const ends = await Promise.allSettled([
      wal.close(),
      meta.close(),
      ...parts.spaces.map(({ store }) => store.close()),
    ]);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  private changeTarget(options: ReadOptions = {}): ChangeTarget {
    return {
      write: (batch) => this.write(batch),
      look: async (id) => (await this.retrieve([id], options))[0],
    };
  }
}
