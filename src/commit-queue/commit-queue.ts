// The one place where a collection changes. Batches that wait while a group is being committed go together into the
// next one:
//
// 1. Room is made for what comes (admit): memory for its rows, or the writers wait.
// 2. Each batch is resolved, in order, against what is stored and what the batches before it in the group came to.
//    One that is refused is refused alone; it has changed nothing.
// 3. One record a batch goes to the log; the group shares one write and one sync.
// 4. One transaction brings the metadata to the last record of the group. It is synced by itself: unless the log was
//    (sync policy `always`) it carries what it takes to go back, should the log's end be lost with the power.
// 5. The group is published: its rows are searchable, what it replaced is not. Then it is acknowledged.
//
// A failure in 3 or later leaves it unknown how far the group came, so the queue then refuses every write until the
// collection is opened again, which settles it; reads go on. Tasks (swapping segments) take their turn between groups.
//
// Searches are answered on the same event loop, so the work here is cut into short turns: a group is resolved in
// several, and logged in another.

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CollectionConfig } from '../config/collection-config.js';
import { asVamanaError, VamanaError } from '../errors.js';
import type { MetaStore } from '../meta/meta-store.js';
import type { PointIdRules } from '../meta/point-id.js';
import type { WalOp, WalRecord } from '../wal/wal-op.js';
import type { WalWriter } from '../wal/wal-writer.js';
import { NONE_STORED, rowsToRead, type StoredVectors } from '../write/carried-vectors.js';
import { resolve } from '../write/resolve.js';
import { ResolveView } from '../write/resolve-view.js';
import type { RowAllocator } from '../write/row-allocator.js';
import type { OperationResult, WriteBatch } from '../write/write-batch.js';

export interface WriteResult {
  /** The sequence number of the batch; where it changed nothing, of the last batch before it. */
  seq: number;
  /** One for each operation. */
  operations: OperationResult[];
}

export interface CommitTarget {
  wal: WalWriter;
  meta: MetaStore;
  rows: RowAllocator;
  /** As it is now. */
  config(): CollectionConfig;
  /** Vectors of rows as the last published record left them, in their order. */
  readVectors(rows: readonly number[]): Promise<StoredVectors>;
  /**
   * Resolves when there is room for more rows; rejects with BUSY when there is none for too long. While it waits it
   * calls `runTasks`, for what makes room is published by a task.
   */
  admit(runTasks: () => Promise<void>): Promise<void>;
  /** Makes the records, which are durable and in the metadata, visible to searches. */
  publish(records: readonly WalRecord[]): void;
}

interface WaitingBatch {
  batch: WriteBatch;
  settle: (result: WriteResult) => void;
  reject: (error: VamanaError) => void;
}

interface ResolvedBatch {
  waiting: WaitingBatch;
  result: WriteResult;
}

/** A group holds writers up for as long as it takes: more would make the first wait for the last. */
const GROUP_BATCHES_MAX = 64;
/** After a batch that ends later than this in a turn, the next one is resolved in another. */
const TURN_MS = 0.5;
/** Of one batch: its record is one buffer in memory, in the log and at recovery. */
const BATCH_BYTES_MAX = 64 * 1024 * 1024;
/** Batches that may wait. */
const WAITING_MAX = 4096;

export class CommitQueue {
  private batches: WaitingBatch[] = [];
  private tasks: (() => Promise<void>)[] = [];
  private running: Promise<void> | null = null;
  private failure: VamanaError | null = null;
  private closed = false;

  constructor(private readonly target: CommitTarget) {}

  /** Why writes are refused; null while they are not. */
  get failed(): VamanaError | null {
    return this.failure;
  }

  /** Resolves once the batch is durable (as the sync policy has it) and seen by every search that begins then. */
  write(batch: WriteBatch): Promise<WriteResult> {
    return new Promise((settle, reject) => {
      const refusal = this.refusal();
      if (refusal !== null) return reject(refusal);
      this.batches.push({ batch, settle, reject });
      this.start();
    });
  }

  /** Runs alone, between groups. Its failure is its caller's; the queue goes on. */
  run<T>(task: () => Promise<T> | T): Promise<T> {
    return new Promise((settle, reject) => {
      if (this.closed) return reject(closedError());
      this.tasks.push(async () => {
        try {
          settle(await task());
        } catch (error) {
          reject(error);
        }
      });
      this.start();
    });
  }

  /** Refuses what comes and waits for what came. Idempotent. */
  async close(): Promise<void> {
    this.closed = true;
    while (this.running !== null) await this.running;
  }

  private refusal(): VamanaError | null {
    if (this.closed) return closedError();
    if (this.failure !== null) return this.failure;
    if (this.batches.length < WAITING_MAX) return null;
    return new VamanaError('BUSY', `${WAITING_MAX} batches are waiting to be written already; try again later`);
  }

  private start(): void {
    this.running ??= this.drain();
  }

  private async drain(): Promise<void> {
    await nextTurn(); // so that batches written in the same turn are one group
    while (this.tasks.length > 0 || this.batches.length > 0) {
      await this.runTasks();
      if (this.batches.length > 0) await this.commitNext();
    }
    // In the turn of that check: what comes later finds nothing running, and starts it.
    this.running = null;
  }

  private async runTasks(): Promise<void> {
    for (let task = this.tasks.shift(); task !== undefined; task = this.tasks.shift()) await task();
  }

  private async commitNext(): Promise<void> {
    try {
      if (this.failure !== null) throw this.failure;
      await this.target.admit(() => this.runTasks());
    } catch (error) {
      for (const { reject } of this.batches.splice(0)) reject(asVamanaError(error));
      return;
    }
    await this.commit(this.batches.splice(0, GROUP_BATCHES_MAX));
  }

  private async commit(group: readonly WaitingBatch[]): Promise<void> {
    const { wal, meta, rows, publish } = this.target;
    const firstRow = rows.next;
    const { resolved, records } = await this.resolveGroup(group);
    try {
      meta.checkSpace(2 * records.reduce((sum, { ops }) => sum + bytesOf(ops), 0));
    } catch (error) {
      // Nothing was written.
      rows.rewind(firstRow);
      for (const { waiting } of resolved) waiting.reject(asVamanaError(error));
      return;
    }
    try {
      if (records.length > 0) {
        await nextTurn();
        await wal.appendGroup(records);
        await meta.apply(records, wal.stats().durableSeq);
        publish(records);
      }
      for (const { waiting, result } of resolved) waiting.settle(result);
    } catch (error) {
      this.fail(asVamanaError(error), resolved);
    }
  }

  private async resolveGroup(
    group: readonly WaitingBatch[],
  ): Promise<{ resolved: ResolvedBatch[]; records: WalRecord[] }> {
    const { wal, meta, rows } = this.target;
    const config = this.target.config();
    const ids: PointIdRules = { strings: config.stringIds };
    const resolved: ResolvedBatch[] = [];
    const records: WalRecord[] = [];
    const snapshot = meta.snapshot();
    try {
      const view = new ResolveView(snapshot);
      let turn = performance.now();
      for (const waiting of group) {
        if (performance.now() - turn > TURN_MS) {
          await nextTurn();
          turn = performance.now();
        }
        const seq = wal.nextSeq + records.length;
        try {
          const wanted = rowsToRead(waiting.batch, view, config, ids);
          const stored = wanted.length === 0 ? NONE_STORED : await this.target.readVectors(wanted);
          const { ops, results } = resolve(waiting.batch, { view, rows, seq, config, ids, stored }, requireBatchFits);
          if (ops.length > 0) records.push({ seq, ops });
          resolved.push({ waiting, result: { seq: ops.length > 0 ? seq : seq - 1, operations: results } });
        } catch (error) {
          waiting.reject(asVamanaError(error));
        }
      }
    } finally {
      snapshot.release();
    }
    return { resolved, records };
  }

  private fail(cause: VamanaError, resolved: readonly ResolvedBatch[]): void {
    const message = `writes are refused until the collection is opened again, since ${cause.message}`;
    this.failure = new VamanaError(cause.code, message, { cause });
    for (const { waiting } of resolved) waiting.reject(cause);
  }
}

function requireBatchFits(ops: readonly WalOp[]): void {
  const bytes = bytesOf(ops);
  if (bytes <= BATCH_BYTES_MAX) return;
  const found = `a batch of ${ops.length} changes takes ${bytes} bytes`;
  throw new VamanaError('INVALID_ARGUMENT', `${found}, at most ${BATCH_BYTES_MAX} are possible; split it`);
}

// Of what is stored, with something for what goes around it.
function bytesOf(ops: readonly WalOp[]): number {
  let bytes = 0;
  for (const op of ops) {
    bytes += 64;
    if (op.kind === 'put') for (const vector of op.vectors) bytes += vector.bytes.length;
    if (op.kind !== 'delete') bytes += op.payload?.length ?? 0;
  }
  return bytes;
}

function closedError(): VamanaError {
  return new VamanaError('CLOSED', 'the collection was closed');
}
