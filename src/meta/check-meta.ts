// Whether the metadata agrees with itself, for `verify`: every id has its row and back, records, payloads and undo
// entries can be decoded, dead rows are dead, and the counts are right. Reads page by page, so memory stays bounded
// whatever the size; the snapshot must live as long as the check. LMDB itself keeps no checksums of its pages.
import { setImmediate } from 'node:timers/promises';
import { asVamanaError, VamanaError } from '../errors.js';
import { decodePayload } from '../payload/payload-codec.js';
import type { PointId } from '../payload/point.js';
import { chunkOf, DeadChunk } from './dead-rows.js';
import type { MetaSnapshot } from './meta-snapshot.js';
import type { RowRecord } from './meta-tables.js';
import { decodeUndo } from './undo.js';

export type MetaProblemCode =
  /** A value that cannot be decoded; the table cannot be read past it. */
  | 'UNREADABLE'
  /** An id names a row that holds no point. */
  | 'ID_WITHOUT_ROW'
  /** An id names a row that holds another point. */
  | 'ID_OF_OTHER_ROW'
  /** A row holds a point whose id names another row, or none. */
  | 'ROW_WITHOUT_ID'
  /** A row holds a point and is among the dead ones. */
  | 'DEAD_ROW_LIVES'
  /** A row that was never assigned, by the store's own count. */
  | 'ROW_BEYOND_NEXT'
  /** A point changed by a record that is not applied, or the undo entry of one. */
  | 'SEQ_BEYOND_APPLIED'
  | 'BAD_PAYLOAD'
  | 'WRONG_COUNT';

export interface MetaProblem {
  code: MetaProblemCode;
  message: string;
}

const PAGE = 500;

/** Problems as they are found; none for sound metadata. ABORTED when the signal fires. */
export async function* checkMeta(snapshot: MetaSnapshot, signal?: AbortSignal): AsyncGenerator<MetaProblem> {
  const ids = yield* guarded('points', checkIds(snapshot, signal));
  const rows = yield* guarded('rows', checkRows(snapshot, signal));
  yield* guarded('dead', checkDead(snapshot));
  yield* guarded('undo', checkUndo(snapshot, signal));
  if (ids === undefined || rows === undefined) return;
  if (ids === snapshot.count && rows === snapshot.count) return;
  yield {
    code: 'WRONG_COUNT',
    message: `${ids} ids and ${rows} rows hold points; the count says ${snapshot.count}`,
  };
}

async function* checkIds(snapshot: MetaSnapshot, signal?: AbortSignal): AsyncGenerator<MetaProblem, number> {
  let checked = 0;
  let last: PointId | undefined;
  for (;;) {
    const page = snapshot.scan(last === undefined ? {} : { after: last }, PAGE);
    for (const { id, row } of page) {
      const holder = tryRecord(snapshot, row);
      // A record that cannot be read is reported with its row.
      if (holder === 'unreadable') continue;
      if (holder === undefined) yield { code: 'ID_WITHOUT_ROW', message: `point ${id}: row ${row} holds no point` };
      else if (holder.id !== id) {
        yield { code: 'ID_OF_OTHER_ROW', message: `point ${id}: row ${row} holds point ${holder.id}` };
      }
    }
    checked += page.length;
    last = page.at(-1)?.id;
    if (page.length < PAGE) return checked;
    await nextTurn(signal);
  }
}

async function* checkRows(snapshot: MetaSnapshot, signal?: AbortSignal): AsyncGenerator<MetaProblem, number> {
  let checked = 0;
  let first = 0;
  let dead: { chunk: number; rows: DeadChunk } | undefined;
  for (;;) {
    const page = snapshot.scanRows(first, PAGE);
    for (const record of page) {
      const chunk = chunkOf(record.row);
      if (dead?.chunk !== chunk) dead = { chunk, rows: snapshot.deadChunk(chunk) };
      yield* checkRow(snapshot, record, dead.rows);
    }
    checked += page.length;
    first = (page.at(-1)?.row ?? 0) + 1;
    if (page.length < PAGE) return checked;
    await nextTurn(signal);
  }
}

function* checkRow(
  snapshot: MetaSnapshot,
  record: RowRecord & { row: number },
  dead: DeadChunk,
): Generator<MetaProblem> {
  const { id, row, seq, payload } = record;
  const named = snapshot.rowOf(id);
  if (named !== row) {
    yield { code: 'ROW_WITHOUT_ID', message: `row ${row}: holds point ${id}, whose row is ${named ?? 'none'}` };
  }
  if (dead.has(row)) yield { code: 'DEAD_ROW_LIVES', message: `row ${row}: holds point ${id} and is dead` };
  if (row >= snapshot.nextRow) {
    yield { code: 'ROW_BEYOND_NEXT', message: `row ${row}: rows below ${snapshot.nextRow} were assigned` };
  }
  if (seq > snapshot.seq) {
    yield { code: 'SEQ_BEYOND_APPLIED', message: `row ${row}: changed by record ${seq}; ${snapshot.seq} is the last` };
  }
  if (payload === null) return;
  try {
    decodePayload(payload);
  } catch (error) {
    yield { code: 'BAD_PAYLOAD', message: `row ${row}, point ${id}: ${asVamanaError(error).message}` };
  }
}

function* checkDead(snapshot: MetaSnapshot): Generator<MetaProblem, void> {
  for (const { chunk, bytes } of snapshot.deadChunks()) {
    const decoded = DeadChunk.decode(bytes, chunk);
    const rows = new Uint32Array(decoded.count);
    decoded.writeRows(chunk, rows, 0);
    const last = rows.at(-1) ?? 0;
    if (last < snapshot.nextRow) continue;
    yield { code: 'ROW_BEYOND_NEXT', message: `dead row ${last}: rows below ${snapshot.nextRow} were assigned` };
  }
}

async function* checkUndo(snapshot: MetaSnapshot, signal?: AbortSignal): AsyncGenerator<MetaProblem, void> {
  let checked = 0;
  for (let entry = snapshot.undoAfter(0); entry !== undefined; entry = snapshot.undoAfter(entry.seq)) {
    decodeUndo(entry.bytes, entry.seq);
    if (entry.seq > snapshot.seq) {
      yield { code: 'SEQ_BEYOND_APPLIED', message: `undo entry of record ${entry.seq}; ${snapshot.seq} is the last` };
    }
    checked += 1;
    if (checked % PAGE === 0) await nextTurn(signal);
  }
}

/** What a check of one table threw becomes a problem; the other tables are still checked. */
async function* guarded<T>(
  table: string,
  problems: AsyncGenerator<MetaProblem, T> | Generator<MetaProblem, T>,
): AsyncGenerator<MetaProblem, T | undefined> {
  try {
    return yield* problems;
  } catch (thrown) {
    const error = asVamanaError(thrown);
    if (error.code === 'ABORTED' || error.code === 'CLOSED') throw error;
    yield { code: 'UNREADABLE', message: `table ${table}: ${error.message}` };
    return undefined;
  }
}

function tryRecord(snapshot: MetaSnapshot, row: number): RowRecord | undefined | 'unreadable' {
  try {
    return snapshot.recordOf(row);
  } catch (thrown) {
    if (asVamanaError(thrown).code === 'CORRUPT') return 'unreadable';
    throw thrown;
  }
}

async function nextTurn(signal?: AbortSignal): Promise<void> {
  await setImmediate();
  if (signal?.aborted === true) throw new VamanaError('ABORTED', 'the check of the metadata was cancelled');
}
