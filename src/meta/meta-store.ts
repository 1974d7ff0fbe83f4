// The metadata of a collection in LMDB: ids, rows, payloads, dead rows, and how far the WAL is applied. One writer
// (the commit queue, or recovery) calls `apply`; readers take snapshots.
//
// A group of records is one asynchronous batch of lmdb: encoded here, written to the tree, committed and synced on a
// thread of the pool, so that this thread never waits for the disk; lmdb's synchronous transactions sync on this
// thread. A batch cannot be rolled back by who queues it, so all that can fail here is done before its first put;
// what fails in lmdb rolls back the whole transaction, and the store then refuses writes until it is opened again.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { VamanaError } from '../errors.js';
import { type BulkPoint, bulkLoad } from './bulk-load.js';
import type { FieldSchema } from '../field/field-schema.js';
import type { FieldDefinition, FieldUpdate } from './field-tables.js';
import { checkSpace, DISK_RESERVE_BYTES_DEFAULT, type MeasureFree } from './free-space.js';
import { MetaBatch, type MetaRecord, type MetaSummary } from './meta-batch.js';
import { MetaSnapshot } from './meta-snapshot.js';
import {
  decodeState,
  MAP_BYTES_DEFAULT,
  type MetaState,
  type MetaTables,
  metaError,
  openTables,
  STATE_KEY,
} from './meta-tables.js';
import { decodeUndo, encodeUndoKey, readUndoRange } from './undo.js';

export interface MetaStoreOptions {
  /** Address space to map at first; a larger file is mapped again. */
  mapBytes?: number;
  /** Writes are refused when less would stay free on the disk. */
  reserveBytes?: number;
  /** In place of the system's answer. */
  measureFree?: MeasureFree;
}

const FAILED_CLOSE_MS = 2000;
/** Undo entries removed in one go: many records may become durable at once, and no group should wait for all. */
const DROP_UNDO_MIN = 256;
/** One transaction of a roll-back takes back this much. */
const ROLL_BACK_RECORDS = 1000;
const ROLL_BACK_BYTES = 16 * 1024 * 1024;

/** Makes the folder and its tables when they are missing. CORRUPT or TOO_NEW for what is not ours to read. */
export function openMetaStore(path: string, options: MetaStoreOptions = {}): MetaStore {
  return new MetaStore(path, openTables(path, options.mapBytes ?? MAP_BYTES_DEFAULT), options);
}

export class MetaStore {
  private committed: MetaSummary;
  private readonly snapshots = new Set<MetaSnapshot>();
  private readonly reserveBytes: number;
  private readonly measureFree: MeasureFree | undefined;
  private failure: VamanaError | undefined;
  private closing: Promise<void> | undefined;
  /** Settles, never rejects, when all writes so far are done. */
  private tail: Promise<unknown> = Promise.resolve();

  /** Use openMetaStore. */
  constructor(
    readonly path: string,
    private readonly tables: MetaTables,
    options: MetaStoreOptions,
  ) {
    this.reserveBytes = options.reserveBytes ?? DISK_RESERVE_BYTES_DEFAULT;
    this.measureFree = options.measureFree;
    this.committed = { state: decodeState(tables.state.get(STATE_KEY), path), undo: readUndoRange(tables.undo) };
  }

  /** Of the last commit. */
  get state(): Readonly<MetaState> {
    return this.committed.state;
  }

  /** Of the file on disk. */
  get fileBytes(): number {
    return statSync(join(this.path, 'data.mdb')).size;
  }

  /** DISK_FULL unless `bytes` more fit. The commit queue asks before it writes the WAL, which cannot be taken back. */
  checkSpace(bytes: number): void {
    checkSpace(this.path, bytes, this.reserveBytes, this.measureFree);
  }

  /**
   * Applies records, ascending, in one transaction that also moves the applied record, the next row, the count and
   * the dead rows. Records that are applied already are passed over. Resolves once the transaction is visible to
   * new snapshots; `flushed` says when it is on disk. A rejected call has changed nothing.
   *
   * Records up to `durableSeq` are durable in the log. If some of these are not, all are stored with what it takes to
   * go back before them (rollBack), since this transaction may reach the disk when they do not. What was stored so
   * for records that are durable by now goes.
   */
  apply(records: readonly MetaRecord[], durableSeq = Number.POSITIVE_INFINITY): Promise<void> {
    return this.enqueue(async () => {
      const fresh = records.filter(({ seq }) => seq > this.state.appliedSeq);
      if (fresh.length === 0) return;
      const batch = this.createBatch({ keepUndo: fresh.some(({ seq }) => seq > durableSeq) });
      // Before new ones come. More than come, so that a backlog shrinks.
      batch.dropUndo(durableSeq, Math.max(DROP_UNDO_MIN, 4 * fresh.length));
      for (const record of fresh) batch.addRecord(record);
      await this.commit(batch);
    });
  }

  /**
   * Takes back what records above `seq` changed, last first, so that everything is as `seq` left it: dead rows live
   * again, and rows that these records assigned are assigned anew. For recovery, when the log lost them. Returns how
   * many there were. CORRUPT, and nothing has changed, when that is not stored of one of them. When it is cut short,
   * the next call goes on.
   */
  rollBack(seq: number): Promise<number> {
    return this.enqueue(async () => {
      this.requireUndo(seq);
      let records = 0;
      while (this.state.appliedSeq > seq) {
        const batch = this.createBatch();
        const end = records + ROLL_BACK_RECORDS;
        for (; batch.state.appliedSeq > seq && records < end && batch.bytes < ROLL_BACK_BYTES; records += 1) {
          batch.takeBack(this.undoEntry(batch.state.appliedSeq, seq));
        }
        await this.commit(batch);
      }
      return records;
    });
  }

  /** Loads an empty store from points sorted by id; see bulk-load.ts. `seq` is the record that stands for the load. */
  bulkLoad(points: Iterable<BulkPoint> | AsyncIterable<BulkPoint>, seq: number): Promise<number> {
    const target = { seq, createBatch: () => this.createBatch(), commit: (batch: MetaBatch) => this.commit(batch) };
    return this.enqueue(() => bulkLoad(points, target));
  }

  /**
   * Takes rows out of the dead ones: to be called once no segment, delta or WAL record holds them any more, and the
   * records that killed them are durable, so that no roll-back makes them live.
   */
  forgetDead(rows: Iterable<number>): Promise<void> {
    return this.change((batch) => {
      for (const row of rows) batch.forgetDead(row);
    });
  }

  /** A new field index, about which nothing is stored yet. */
  addField(key: string, schema: FieldSchema): Promise<FieldDefinition> {
    return this.enqueue(async () => {
      const batch = this.createBatch();
      const ids = Array.from(this.tables.fields.getKeys(), (bytes) => Buffer.from(bytes).readUInt32BE(0));
      const definition = { id: Math.max(0, ...ids) + 1, key, schema };
      batch.addField(definition);
      await this.commit(batch);
      return definition;
    });
  }

  /** A field index goes, with all that is stored of it. */
  dropField(id: number): Promise<void> {
    return this.change((batch) => batch.dropField(id));
  }

  /**
   * Stores what changed of field indexes: of all that something is stored of, since the rows that were touched are
   * forgotten. They must be at the last applied record, and that durable in the log, so that no roll-back goes before it.
   */
  storeFields(updates: readonly FieldUpdate[]): Promise<void> {
    return this.change((batch) => batch.storeFields(updates));
  }

  /** One index alone, all of it: rows that were touched stay so, for the others. */
  storeField(update: FieldUpdate): Promise<void> {
    return this.change((batch) => batch.storeField(update));
  }

  /** Forgets what is stored of a field index, which is then built anew when the collection is opened. */
  forgetColumns(id: number): Promise<void> {
    return this.change((batch) => batch.forgetColumns(id));
  }

  /** The metadata as the last commit left it. The caller releases it. */
  snapshot(): MetaSnapshot {
    this.requireOpen();
    const { environment, state } = this.tables;
    environment.resetReadTxn();
    const transaction = environment.useReadTransaction();
    const seen = decodeState(state.get(STATE_KEY, { transaction }), this.path);
    const snapshot = new MetaSnapshot(this.tables, transaction, seen, (released) => this.snapshots.delete(released));
    this.snapshots.add(snapshot);
    return snapshot;
  }

  /** Snapshots that nobody has released. */
  get openSnapshots(): number {
    return this.snapshots.size;
  }

  /** Resolves when everything applied so far is synced to the disk: only then may its WAL go. */
  flushed(): Promise<void> {
    return this.enqueue(() => this.sync());
  }

  /** Waits for writes in flight, releases every snapshot, syncs. Idempotent. */
  close(): Promise<void> {
    this.closing ??= (async () => {
      await this.tail;
      for (const snapshot of [...this.snapshots]) snapshot.release();
      if (this.failure !== undefined) return this.closeFailed();
      try {
        await this.sync();
      } finally {
        await this.tables.environment.close();
      }
    })();
    return this.closing;
  }

  private change(fill: (batch: MetaBatch) => void): Promise<void> {
    return this.enqueue(async () => {
      const batch = this.createBatch();
      fill(batch);
      await this.commit(batch);
    });
  }

  private enqueue<T>(work: () => Promise<T>): Promise<T> {
    if (this.closing !== undefined) return Promise.reject(closed(this.path));
    const run = this.tail.then(() => {
      if (this.failure !== undefined) throw this.failure;
      return work();
    });
    this.tail = run.catch(() => undefined);
    return run;
  }

  // lmdb waits for the flush of the commit that failed, which never comes unless a later commit does. Where that
  // fails too there is nothing left to wait for; the process keeps the file open then.
  private async closeFailed(): Promise<void> {
    const { environment } = this.tables;
    const closed = environment.batch(() => undefined).then(() => environment.close());
    await Promise.race([closed.catch(() => undefined), setTimeout(FAILED_CLOSE_MS, undefined, { ref: false })]);
  }

  private requireUndo(seq: number): void {
    for (let at = this.state.appliedSeq; at > seq; ) at = decodeUndo(this.undoEntry(at, seq), at).state.appliedSeq;
  }

  private undoEntry(seq: number, target: number): Uint8Array {
    const entry = this.tables.undo.get(encodeUndoKey(seq));
    if (entry !== undefined) return entry;
    throw new VamanaError(
      'CORRUPT',
      `${this.path}: the metadata is at record ${this.state.appliedSeq}, but the log ends with record ${target}, and ` +
        `record ${seq} cannot be taken back: it has no undo entry, so it was durable in the log, or should have been. ` +
        'The end of the log is lost; put it back, or restore a copy of the collection',
    );
  }

  private createBatch(options: { keepUndo?: boolean } = {}): MetaBatch {
    // So that reads are of the last commit: lmdb does this after commits, but promises it nowhere.
    this.tables.environment.resetReadTxn();
    return new MetaBatch(this.tables, this.committed, options);
  }

  private async commit(batch: MetaBatch): Promise<void> {
    // Half of the reserve: what came this far is in the WAL, and must be let through if that was.
    checkSpace(this.path, batch.bytes, this.reserveBytes / 2, this.measureFree);
    try {
      await this.tables.environment.batch(() => batch.queue());
    } catch (thrown) {
      this.failure = metaError(await causeOf(thrown), `write ${this.path}`);
      throw this.failure;
    }
    this.committed = { state: batch.state, undo: batch.undo };
  }

  private async sync(): Promise<void> {
    const { environment } = this.tables;
    await environment.flushed;
    const error = await new Promise<Error | undefined>((resolve) => environment.sync(resolve));
    if (error === undefined) return;
    // What a failed sync was to write may be lost to later ones too, so nothing is written after it.
    this.failure = metaError(error, `sync ${this.path}`);
    throw this.failure;
  }

  private requireOpen(): void {
    if (this.closing !== undefined) throw closed(this.path);
  }
}

// lmdb rejects with an error that only holds a promise of the real one.
async function causeOf(thrown: unknown): Promise<unknown> {
  if (!(thrown instanceof Error) || !('commitError' in thrown)) return thrown;
  try {
    await thrown.commitError;
    return thrown;
  } catch (cause) {
    return cause;
  }
}

function closed(path: string): VamanaError {
  return new VamanaError('CLOSED', `${path}: the metadata was closed`);
}
