// The metadata as it was after one record: an LMDB read transaction, which later commits do not touch. Reads are
// synchronous; a page that is not in memory blocks this thread, so `prefetch` first where the file is larger
// than memory. A snapshot keeps LMDB from using the pages again that were freed since: whoever takes one releases
// it, soon. How old one may become is the caller's policy. Made by MetaStore.snapshot() only.
import type { Transaction } from 'lmdb';
import { VamanaError } from '../errors.js';
import type { PointId } from '../payload/point.js';
import { countDeadRows, DeadChunk } from './dead-rows.js';
import {
  columnRange,
  decodeColumns,
  decodeDefinition,
  type FieldDefinition,
  type StoredField,
} from './field-tables.js';
import { decodeIdKey, encodeIdKey } from './id-key.js';
import {
  decodeRecord,
  decodeRow,
  type KeyTable,
  type MetaState,
  type MetaTables,
  type RowRecord,
} from './meta-tables.js';
import { decodeUndoKey, encodeUndoKey } from './undo.js';

/** Where a scan goes on: ids from this one on, or past it. Undefined: from the first. */
export interface ScanFrom {
  from?: PointId;
  after?: PointId;
}

/** The tables that hold something of points, and an entry of one as it is stored. */
export type MetaEntryTable = 'points' | 'rows' | 'dead' | 'fields';

export interface MetaEntry {
  key: Uint8Array | number;
  value: Uint8Array;
}

export class MetaSnapshot {
  private released = false;
  private readonly read: { transaction: Transaction };

  constructor(
    private readonly tables: MetaTables,
    private readonly transaction: Transaction,
    private readonly state: MetaState,
    private readonly onRelease: (snapshot: MetaSnapshot) => void,
  ) {
    this.read = { transaction };
  }

  /** The record after which the metadata was so. */
  get seq(): number {
    return this.state.appliedSeq;
  }

  get nextRow(): number {
    return this.state.nextRow;
  }

  /** Live points. */
  get count(): number {
    return this.state.points;
  }

  rowOf(id: PointId): number | undefined {
    this.requireOpen();
    const bytes = this.tables.points.get(encodeIdKey(id), this.read);
    return bytes === undefined ? undefined : decodeRow(bytes);
  }

  /** The point of a row; undefined for a row that is dead or was never assigned. */
  recordOf(row: number): RowRecord | undefined {
    this.requireOpen();
    const bytes = this.tables.rows.get(row, this.read);
    return bytes === undefined ? undefined : decodeRecord(bytes, row);
  }

  /** recordOf for many rows, in their order. */
  recordsOf(rows: ArrayLike<number>): (RowRecord | undefined)[] {
    return Array.from(rows, (row) => this.recordOf(row));
  }

  /** Brings the pages of these rows into memory, on a thread of the pool. */
  async prefetch(rows: ArrayLike<number>): Promise<void> {
    this.requireOpen();
    if (rows.length > 0) await this.tables.rows.prefetch(Array.from(rows));
  }

  /** Up to `limit` points in id order. */
  scan(start: ScanFrom, limit: number): { id: PointId; row: number }[] {
    this.requireOpen();
    const { from, after } = start;
    const first = after ?? from;
    const entries = this.tables.points.getRange({
      ...(first === undefined ? {} : { start: encodeIdKey(first) }),
      // With one to spare: the entry that `after` leaves out.
      limit: limit + (after === undefined ? 0 : 1),
      transaction: this.transaction,
    });
    const points = Array.from(entries, ({ key, value }) => ({ id: decodeIdKey(key as Buffer), row: decodeRow(value) }));
    if (after !== undefined && points[0]?.id === after) points.shift();
    return points.slice(0, limit);
  }

  /** Up to `limit` rows that hold a point, ascending from `first` on. */
  scanRows(first: number, limit: number): (RowRecord & { row: number })[] {
    this.requireOpen();
    const entries = this.tables.rows.getRange({ start: first, limit, transaction: this.transaction });
    return Array.from(entries, ({ key, value }) => ({ row: key, ...decodeRecord(value, key) }));
  }

  /** The numbers only; nothing is decoded. */
  scanRowNumbers(first: number, limit: number): number[] {
    this.requireOpen();
    return Array.from(this.tables.rows.getKeys({ start: first, limit, transaction: this.transaction }));
  }

  /** Up to `limit` entries of a table, ascending, behind a key or from the first one on. */
  entries(table: MetaEntryTable, after: MetaEntry['key'] | undefined, limit: number): MetaEntry[] {
    this.requireOpen();
    const { transaction } = this;
    const behind = after === undefined ? {} : { start: after as Uint8Array, exclusiveStart: true };
    return Array.from((this.tables[table] as KeyTable).getRange({ ...behind, limit, transaction }));
  }

  /** Rows that were assigned once and hold no point any more, ascending. */
  deadRows(): Uint32Array {
    const chunks = this.deadChunks();
    const rows = new Uint32Array(chunks.reduce((total, { bytes }) => total + countDeadRows(bytes), 0));
    let at = 0;
    for (const { chunk, bytes } of chunks) {
      const decoded = DeadChunk.decode(bytes, chunk);
      decoded.writeRows(chunk, rows, at);
      at += decoded.count;
    }
    return rows;
  }

  /** The encoded chunks that have dead rows, ascending. */
  deadChunks(): { chunk: number; bytes: Uint8Array }[] {
    this.requireOpen();
    const entries = this.tables.dead.getRange({ start: 0, transaction: this.transaction });
    return Array.from(entries, ({ key, value }) => ({ chunk: key, bytes: value }));
  }

  /** The dead rows of one chunk of 2^16; CORRUPT when they cannot be decoded. */
  deadChunk(chunk: number): DeadChunk {
    this.requireOpen();
    const bytes = this.tables.dead.get(chunk, this.read);
    return bytes === undefined ? DeadChunk.empty() : DeadChunk.decode(bytes, chunk);
  }

  get hasFields(): boolean {
    return this.state.hasFields;
  }

  /** The field indexes that there are; CORRUPT. */
  fieldDefinitions(): FieldDefinition[] {
    this.requireOpen();
    const entries = this.tables.fields.getRange({ transaction: this.transaction });
    return Array.from(entries, ({ key, value }) => decodeDefinition(key, value));
  }

  /** What is stored of a field index; undefined where nothing is; CORRUPT. */
  storedField(id: number): StoredField | undefined {
    this.requireOpen();
    return decodeColumns(id, this.tables.columns.getRange({ ...columnRange(id), transaction: this.transaction }));
  }

  /** Rows whose payloads changed since field indexes were stored, ascending; some of them may be dead by now. */
  touchedRows(): number[] {
    this.requireOpen();
    return Array.from(this.tables.touched.getKeys({ start: 0, transaction: this.transaction }));
  }

  /** The undo entry of the first record above `seq` that has one. */
  undoAfter(seq: number): { seq: number; bytes: Uint8Array } | undefined {
    this.requireOpen();
    const { undo } = this.tables;
    const [entry] = undo.getRange({ start: encodeUndoKey(seq + 1), limit: 1, transaction: this.transaction });
    return entry === undefined ? undefined : { seq: decodeUndoKey(entry.key), bytes: entry.value };
  }

  /** Idempotent. Every read afterwards throws CLOSED. */
  release(): void {
    if (this.released) return;
    this.released = true;
    this.transaction.done();
    this.onRelease(this);
  }

  private requireOpen(): void {
    if (!this.released) return;
    throw new VamanaError('CLOSED', 'this snapshot of the metadata was released; take a new one');
  }
}
