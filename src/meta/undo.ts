// What it takes to go back before a record: the values that its changes replaced. Stored beside the metadata, in the
// transaction that applies the record, while the log may still lose it (FORMATS.md says when); taken back by
// MetaStore.rollBack. Here are the bytes of an entry and the collector that MetaBatch fills; nothing here writes.
//
//   offset | size | meaning
//        0 |    8 | u64, the applied record before this one
//        8 |    8 | u64, the next row before it
//       16 |    8 | u64, live points before it
//       24 |      | changes up to the end, in the order in which they were made; undone last first:
//                 | 01, u16 length, id key: the id had no row      02, u16 length, id key, u32: it had this row
//                 | 03, u32: the row had no record                 04, u32, u32 length, record: it had this record
//                 | 05, u32: the row was not dead
//   An entry is valid iff its changes end where it ends, and the applied record before it is below its own number.
import { VamanaError } from '../errors.js';
import { type KeyTable, type MetaState, type RowTable, readSafe, writeSafe } from './meta-tables.js';

export type UndoChange =
  /** The row that the id had; null for none. */
  | { of: 'point'; idKey: Uint8Array; row: number | null }
  /** The record that the row had; null for none. */
  | { of: 'row'; row: number; record: Uint8Array | null }
  /** Not dead before. */
  | { of: 'dead'; row: number };

/** What a record moves. */
export type UndoState = Omit<MetaState, 'hasFields'>;

export interface UndoEntry {
  state: UndoState;
  changes: UndoChange[];
}

/** No entry is outside of these numbers; between them some may be missing. */
export interface UndoRange {
  first: number;
  last: number;
}

const KIND = { newPoint: 1, point: 2, newRow: 3, row: 4, dead: 5 } as const;
const STATE_BYTES = 24;

/** Big-endian, so that entries lie in the order of their records. */
export function encodeUndoKey(seq: number): Buffer {
  const key = Buffer.allocUnsafe(8);
  key.writeBigUInt64BE(BigInt(seq));
  return key;
}

export function decodeUndoKey(key: Uint8Array): number {
  const seq = key.length === 8 ? Number(Buffer.from(key).readBigUInt64BE()) : 0;
  if (Number.isSafeInteger(seq) && seq > 0) return seq;
  const found = Buffer.from(key).toString('hex');
  throw new VamanaError('CORRUPT', `metadata: found the undo key ${found}; expected a record's number in 8 bytes`);
}

/** Null when there are no entries. */
export function readUndoRange(undo: KeyTable): UndoRange | null {
  const [first] = undo.getKeys({ limit: 1 });
  const [last] = undo.getKeys({ limit: 1, reverse: true });
  if (first === undefined || last === undefined) return null;
  return { first: decodeUndoKey(first), last: decodeUndoKey(last) };
}

export function encodeUndo({ state, changes }: UndoEntry): Uint8Array {
  const bytes = Buffer.allocUnsafe(changes.reduce((sum, change) => sum + changeBytes(change), STATE_BYTES));
  writeSafe(bytes, state.appliedSeq, 0);
  writeSafe(bytes, state.nextRow, 8);
  writeSafe(bytes, state.points, 16);
  let at = STATE_BYTES;
  for (const change of changes) at = writeChange(bytes, change, at);
  return bytes;
}

/** The keys and records are views into `bytes`. CORRUPT when the bytes break the rule above. */
export function decodeUndo(bytes: Uint8Array, seq: number): UndoEntry {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < STATE_BYTES) throw corrupt(seq, `${view.length} bytes, expected ${STATE_BYTES} or more`);
  const state = { appliedSeq: readSafe(view, 0), nextRow: readSafe(view, 8), points: readSafe(view, 16) };
  if (state.appliedSeq >= seq) throw corrupt(seq, `record ${state.appliedSeq} before it`);
  const changes: UndoChange[] = [];
  for (let at = STATE_BYTES; at < view.length; ) {
    const change = readChange(view, at);
    if (change === null) throw corrupt(seq, `no change at byte ${at} of ${view.length}`);
    changes.push(change);
    at += changeBytes(change);
  }
  return { state, changes };
}

/**
 * What the records of one batch change, told by MetaBatch right before each change. An id's row before is known from
 * the effect itself; a row's record is read here.
 */
export class UndoCollector {
  private changes: UndoChange[] = [];
  /** Of rows that the batch has changed already; reads are of what was stored before it. */
  private readonly changed = new Map<number, Uint8Array | undefined>();

  constructor(private readonly rows: RowTable) {}

  point(idKey: Uint8Array, row: number | null): void {
    this.changes.push({ of: 'point', idKey, row });
  }

  /** `isNew`: it never had a record, so there is none to look for. */
  row(row: number, next: Uint8Array | undefined, isNew: boolean): void {
    const before = isNew ? undefined : this.changed.has(row) ? this.changed.get(row) : this.rows.get(row);
    this.changes.push({ of: 'row', row, record: before ?? null });
    this.changed.set(row, next);
  }

  died(row: number): void {
    this.changes.push({ of: 'dead', row });
  }

  /** The entry of the record whose changes were told last; the next one begins. */
  take(state: UndoState): Uint8Array {
    const { changes } = this;
    this.changes = [];
    return encodeUndo({ state, changes });
  }
}

function changeBytes(change: UndoChange): number {
  if (change.of === 'point') return 1 + 2 + change.idKey.length + (change.row === null ? 0 : 4);
  if (change.of === 'row') return 1 + 4 + (change.record === null ? 0 : 4 + change.record.length);
  return 1 + 4;
}

function writeChange(bytes: Buffer, change: UndoChange, at: number): number {
  if (change.of === 'point') {
    const { idKey, row } = change;
    bytes[at] = row === null ? KIND.newPoint : KIND.point;
    bytes.writeUInt16LE(idKey.length, at + 1);
    bytes.set(idKey, at + 3);
    const end = at + 3 + idKey.length;
    return row === null ? end : bytes.writeUInt32LE(row, end);
  }
  const end = bytes.writeUInt32LE(change.row, at + 1);
  if (change.of === 'dead') {
    bytes[at] = KIND.dead;
    return end;
  }
  bytes[at] = change.record === null ? KIND.newRow : KIND.row;
  if (change.record === null) return end;
  bytes.set(change.record, bytes.writeUInt32LE(change.record.length, end));
  return end + 4 + change.record.length;
}

/** Null where the bytes from `at` on do not begin with one. */
function readChange(view: Buffer, at: number): UndoChange | null {
  const kind = view[at];
  const has = (end: number): boolean => end <= view.length;
  if (kind === KIND.newPoint || kind === KIND.point) {
    const end = has(at + 3) ? at + 3 + view.readUInt16LE(at + 1) : Number.POSITIVE_INFINITY;
    if (!has(kind === KIND.point ? end + 4 : end)) return null;
    const row = kind === KIND.point ? view.readUInt32LE(end) : null;
    return { of: 'point', idKey: view.subarray(at + 3, end), row };
  }
  if (!has(at + 5)) return null;
  const row = view.readUInt32LE(at + 1);
  if (kind === KIND.dead) return { of: 'dead', row };
  if (kind === KIND.newRow) return { of: 'row', row, record: null };
  const end = kind === KIND.row && has(at + 9) ? at + 9 + view.readUInt32LE(at + 5) : Number.POSITIVE_INFINITY;
  return has(end) ? { of: 'row', row, record: view.subarray(at + 9, end) } : null;
}

function corrupt(seq: number, found: string): VamanaError {
  return new VamanaError('CORRUPT', `metadata: the undo entry of record ${seq}: found ${found}`);
}
