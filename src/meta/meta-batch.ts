// What records change in the tables, worked out in memory before anything is written: a list of puts and removes
// and the state that goes with them. MetaStore queues it as one transaction. Nothing here waits or writes.
import { VamanaError } from '../errors.js';
import { chunkOf, DeadChunk } from './dead-rows.js';
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
import type { PointId } from './point.js';

/** An effect as far as the metadata goes; every WalOp is one. */
export type MetaEffect =
  | { kind: 'put'; id: PointId; row: number; dead: number | null; payload: Uint8Array | null }
  | { kind: 'delete'; id: PointId; row: number }
  | { kind: 'payload'; id: PointId; row: number; payload: Uint8Array | null };

/** Every WalRecord is one. */
export interface MetaRecord {
  seq: number;
  ops: readonly MetaEffect[];
}

type Change =
  | { table: KeyTable; key: Uint8Array; value: Uint8Array | undefined }
  | { table: RowTable; key: number; value: Uint8Array | undefined };

export class MetaBatch {
  /** As it will be once the batch is committed. */
  readonly state: MetaState;
  private readonly changes: Change[] = [];
  private readonly chunks = new Map<number, DeadChunk>();
  private valueBytes = 0;

  constructor(
    private readonly tables: MetaTables,
    state: MetaState,
  ) {
    this.state = { ...state };
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
    for (const op of ops) {
      if (op.kind === 'put') this.addPut(op, seq);
      else if (op.kind === 'delete') this.addDelete(op);
      else this.put(this.tables.rows, op.row, encodeRecord(encodeIdKey(op.id), seq, op.payload));
    }
    this.state.appliedSeq = seq;
  }

  /** A point that is not there yet, without a record: the count and the rows move, the applied record does not. */
  addPoint(idKey: Uint8Array, row: number, seq: number, payload: Uint8Array | null): void {
    this.put(this.tables.points, idKey, encodeRow(row));
    this.put(this.tables.rows, row, encodeRecord(idKey, seq, payload));
    this.state.points += 1;
    this.state.nextRow = Math.max(this.state.nextRow, row + 1);
  }

  /** Takes rows out of the dead ones. */
  forgetDead(row: number): void {
    this.chunk(row).remove(row);
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
    this.addPoint(encodeIdKey(op.id), op.row, seq, op.payload);
    if (op.dead === null) return;
    this.kill(op.dead);
    this.state.points -= 1;
  }

  private addDelete(op: MetaEffect & { kind: 'delete' }): void {
    this.put(this.tables.points, encodeIdKey(op.id), undefined);
    this.kill(op.row);
    this.state.points -= 1;
  }

  private kill(row: number): void {
    this.put(this.tables.rows, row, undefined);
    this.chunk(row).add(row);
    this.state.nextRow = Math.max(this.state.nextRow, row + 1);
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
