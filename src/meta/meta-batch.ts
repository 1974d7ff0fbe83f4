// What records change in the tables, worked out in memory before anything is written: a list of puts and removes
// and the state that goes with them. MetaStore queues it as one transaction. Nothing here waits or writes.
import { VamanaError } from '../errors.js';
import type { PointId } from '../payload/point.js';
import { chunkOf, DeadChunk } from './dead-rows.js';
import {
  columnRange,
  encodeColumnKey,
  encodeDefinition,
  encodeFieldKey,
  encodeHead,
  encodeTouched,
  type FieldDefinition,
  type FieldUpdate,
  headKey,
  sealColumn,
} from './field-tables.js';
import { encodeIdKey } from './id-key.js';
import {
  encodeRecord,
  encodeRow,
  encodeState,
  type KeyTable,
  type MetaState,
  type MetaTables,
  type RowTable,
  STATE_KEY,
} from './meta-tables.js';
import { decodeUndo, encodeUndoKey, UndoCollector, type UndoRange } from './undo.js';

/** An effect as far as the metadata goes; every WalOp is one. */
export type MetaEffect =
  | {
      kind: 'put';
      id: PointId;
      row: number;
      dead: number | null;
      payload: Uint8Array | null;
      /** Absent: one of the first space. */
      vectors?: readonly { space: number }[];
    }
  | { kind: 'delete'; id: PointId; row: number }
  | { kind: 'payload'; id: PointId; row: number; payload: Uint8Array | null; spaces?: readonly number[] };

/** Every WalRecord is one. */
export interface MetaRecord {
  seq: number;
  ops: readonly MetaEffect[];
}

type Change =
  | { table: KeyTable; key: Uint8Array; value: Uint8Array | undefined }
  | { table: RowTable; key: number; value: Uint8Array | undefined };

/** What is known of the tables without reading them. */
export interface MetaSummary {
  readonly state: MetaState;
  /** Null when there are no undo entries. */
  readonly undo: UndoRange | null;
}

export class MetaBatch implements MetaSummary {
  /** Both as they will be once the batch is committed. */
  readonly state: MetaState;
  undo: UndoRange | null;
  private readonly changes: Change[] = [];
  private readonly chunks = new Map<number, DeadChunk>();
  private readonly collector: UndoCollector | null;
  private valueBytes = 0;

  /** With `keepUndo` records are stored with what it takes to go back before them. */
  constructor(
    private readonly tables: MetaTables,
    committed: MetaSummary,
    { keepUndo = false } = {},
  ) {
    this.state = { ...committed.state };
    this.undo = committed.undo;
    this.collector = keepUndo ? new UndoCollector(tables.rows) : null;
  }

  /** About what the file may grow by. */
  get bytes(): number {
    return 2 * this.valueBytes;
  }

  /** Records come in the order of their numbers; INTERNAL otherwise. */
  addRecord({ seq, ops }: MetaRecord): void {
    if (!Number.isSafeInteger(seq) || seq <= this.state.appliedSeq) {
      const expected = `expected one above ${this.state.appliedSeq}`;
      throw new VamanaError('INTERNAL', `metadata: found record ${seq}, ${expected}`);
    }
    const before = { ...this.state };
    for (const op of ops) {
      if (op.kind === 'put') this.addPut(op, seq);
      else if (op.kind === 'delete') this.addDelete(op);
      else this.addPayload(op, seq);
    }
    this.state.appliedSeq = seq;
    if (this.collector === null) return;
    this.put(this.tables.undo, encodeUndoKey(seq), this.collector.take(before));
    this.undo = { first: this.undo?.first ?? seq, last: seq };
  }

  /** Takes the last applied record back, by its undo entry, which goes. */
  takeBack(entry: Uint8Array): void {
    const seq = this.state.appliedSeq;
    const { state, changes } = decodeUndo(entry, seq);
    for (const change of changes.reverse()) {
      if (change.of === 'dead') this.chunk(change.row).remove(change.row);
      else if (change.of === 'row') this.put(this.tables.rows, change.row, change.record ?? undefined);
      else this.put(this.tables.points, change.idKey, change.row === null ? undefined : encodeRow(change.row));
    }
    Object.assign(this.state, state);
    this.put(this.tables.undo, encodeUndoKey(seq), undefined);
    if (this.undo !== null) this.undo = this.undo.first < seq ? { ...this.undo, last: seq - 1 } : null;
  }

  /** Removes the undo entries of records up to `seq`, oldest first; the numbers looked at are `limit` at most. */
  dropUndo(seq: number, limit: number): void {
    if (this.undo === null) return;
    const { first, last } = this.undo;
    const end = Math.min(seq, last, first + limit - 1);
    for (let gone = first; gone <= end; gone += 1) this.put(this.tables.undo, encodeUndoKey(gone), undefined);
    this.undo = end === last ? null : { first: Math.max(first, end + 1), last };
  }

  /** A point that is not there yet, without a record: the count and the rows move, the applied record does not. */
  addPoint(idKey: Uint8Array, row: number, seq: number, payload: Uint8Array | null, spaces?: readonly number[]): void {
    this.put(this.tables.points, idKey, encodeRow(row));
    this.putRow(row, encodeRecord(idKey, seq, payload, spaces));
    this.state.points += 1;
    this.state.nextRow = Math.max(this.state.nextRow, row + 1);
  }

  /** Takes rows out of the dead ones. */
  forgetDead(row: number): void {
    this.chunk(row).remove(row);
  }

  /** A new field index. */
  addField(definition: FieldDefinition): void {
    this.put(this.tables.fields, encodeFieldKey(definition.id), encodeDefinition(definition));
    this.state.hasFields = true;
  }

  /** What is stored of an index, and the index itself. */
  dropField(id: number): void {
    const { fields, touched } = this.tables;
    this.put(fields, encodeFieldKey(id), undefined);
    this.forgetColumns(id);
    if (fields.getKeysCount() > 1) return;
    this.state.hasFields = false;
    for (const row of touched.getKeys()) this.put(touched, row, undefined);
  }

  /** Of these indexes what is stored is then as of the last applied record, with none of the rows touched. */
  storeFields(updates: readonly FieldUpdate[]): void {
    for (const update of updates) this.storeField(update);
    for (const row of this.tables.touched.getKeys()) this.put(this.tables.touched, row, undefined);
  }

  /** One of them alone. */
  storeField({ id, sets, pages }: FieldUpdate): void {
    const { appliedSeq, nextRow } = this.state;
    this.put(this.tables.columns, headKey(id), encodeHead(appliedSeq, nextRow, sets));
    for (const { part, page, bytes } of pages) {
      const value = bytes === undefined ? undefined : sealColumn(bytes);
      this.put(this.tables.columns, encodeColumnKey(id, part, page), value);
    }
  }

  /** What is stored of an index goes; the index stays, and is built anew. */
  forgetColumns(id: number): void {
    const { columns } = this.tables;
    for (const key of columns.getKeys(columnRange(id))) this.put(columns, Buffer.from(key), undefined);
  }

  /** Queues everything; to be called inside one batch. Keys and values were made before, so this does not throw. */
  queue(): void {
    for (const { table, key, value } of this.changes as { table: KeyTable; key: Uint8Array; value?: Uint8Array }[]) {
      if (value === undefined) table.remove(key);
      else table.put(key, value);
    }
    for (const [chunk, rows] of this.chunks) {
      const value = rows.encode();
      if (value === undefined) this.tables.dead.remove(chunk);
      else this.tables.dead.put(chunk, value);
    }
    this.tables.state.put(STATE_KEY, encodeState(this.state));
  }

  private addPut(op: MetaEffect & { kind: 'put' }, seq: number): void {
    const idKey = encodeIdKey(op.id);
    this.collector?.point(idKey, op.dead);
    const spaces = op.vectors?.map(({ space }) => space);
    this.addPoint(idKey, op.row, seq, op.payload, spaces);
    if (op.dead === null) return;
    this.kill(op.dead);
    this.state.points -= 1;
  }

  private addDelete(op: MetaEffect & { kind: 'delete' }): void {
    const idKey = encodeIdKey(op.id);
    this.collector?.point(idKey, op.row);
    this.put(this.tables.points, idKey, undefined);
    this.kill(op.row);
    this.state.points -= 1;
  }

  // What is touched stays so when the record is taken back: the row is then looked at once more, for nothing.
  private addPayload(op: MetaEffect & { kind: 'payload' }, seq: number): void {
    this.putRow(op.row, encodeRecord(encodeIdKey(op.id), seq, op.payload, op.spaces));
    if (this.state.hasFields) this.put(this.tables.touched, op.row, encodeTouched(seq));
  }

  private kill(row: number): void {
    this.putRow(row, undefined);
    const chunk = this.chunk(row);
    if (!chunk.has(row)) this.collector?.died(row);
    chunk.add(row);
    this.state.nextRow = Math.max(this.state.nextRow, row + 1);
  }

  private putRow(row: number, value: Uint8Array | undefined): void {
    this.collector?.row(row, value, row >= this.state.nextRow);
    this.put(this.tables.rows, row, value);
  }

  private put(table: KeyTable, key: Uint8Array, value: Uint8Array | undefined): void;
  private put(table: RowTable, key: number, value: Uint8Array | undefined): void;
  private put(table: KeyTable | RowTable, key: Uint8Array | number, value: Uint8Array | undefined): void {
    this.changes.push({ table, key, value } as Change);
    this.valueBytes += value?.length ?? 0;
  }

  private chunk(row: number): DeadChunk {
    const number = chunkOf(row);
    let chunk = this.chunks.get(number);
    if (chunk === undefined) {
      const bytes = this.tables.dead.get(number);
      chunk = bytes === undefined ? DeadChunk.empty() : DeadChunk.decode(bytes, number);
      this.chunks.set(number, chunk);
    }
    return chunk;
  }
}
