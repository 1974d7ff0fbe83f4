// Whether metadata and vectors are of the same rows: every row that holds a point is in exactly one part (a segment, a
// delta, the log), and every row of a part holds a point or is dead. Window by window over the row numbers, so memory
// is bounded. The metadata by itself is meta/check-meta.ts, a segment by itself segment/check-index.ts.
import { setImmediate } from 'node:timers/promises';
import { VamanaError } from '../errors.js';
import { chunkOf, DeadChunk } from '../meta/dead-rows.js';
import type { MetaSnapshot } from '../meta/meta-snapshot.js';
import { hasVectorIn } from '../meta/meta-tables.js';
import type { PointId } from '../payload/point.js';
import type { RowPart } from '../segment/row-probe.js';

export type RowProblemCode =
  /** A point whose row is in no part: its vector is lost. */
  | 'ROW_LOST'
  /** A point whose row is in more than one part. */
  | 'ROW_TWICE'
  /** A row of a part that holds no point and is not dead either. */
  | 'ROW_WITHOUT_POINT';

export interface RowProblem {
  code: RowProblemCode;
  row: number;
  /** Of the point, where the row has one. */
  id?: PointId;
  message: string;
}

export interface CheckRowsOptions {
  signal?: AbortSignal;
  /** Row numbers looked at, of all that were ever assigned. */
  onProgress?: (done: number, total: number) => void;
  /** The vector space that the parts are of: points may have no vector in it. The only one by default. */
  space?: number;
}

/** A divisor of the rows of a chunk of dead ones; up to some ten milliseconds of work, where rows of several parts alternate. */
const WINDOW_ROWS = 512;

/** `endRow`: above the last row of every part. */
export async function* checkRows(
  meta: MetaSnapshot,
  parts: readonly RowPart[],
  endRow: number,
  { signal, onProgress, space }: CheckRowsOptions = {},
): AsyncGenerator<RowProblem, void> {
  const end = Math.max(endRow, meta.nextRow);
  let dead = { chunk: -1, rows: DeadChunk.empty() };
  for (let first = 0; first < end; first += WINDOW_ROWS) {
    const chunk = chunkOf(first);
    if (dead.chunk !== chunk) dead = { chunk, rows: meta.deadChunk(chunk) };
    const count = Math.min(WINDOW_ROWS, end - first);
    const live = space === undefined ? liveRows(meta, first, count) : liveRowsIn(meta, first, count, space);
    yield* checkWindow(meta, parts, { first, count, live, dead: dead.rows });
    onProgress?.(Math.min(end, first + WINDOW_ROWS), end);
    await setImmediate();
    if (signal?.aborted === true) throw new VamanaError('ABORTED', 'the check of the rows was cancelled');
  }
}

function* checkWindow(
  meta: MetaSnapshot,
  parts: readonly RowPart[],
  { first, count, live, dead }: { first: number; count: number; live: Uint32Array; dead: DeadChunk },
): Generator<RowProblem, void> {
  const holders = parts.map((part) => part.has(live));
  for (const [at, row] of live.entries()) {
    const names = parts.filter((_, part) => holders[part]?.[at] === 1).map(({ name }) => name);
    if (names.length === 1) continue;
    const id = meta.recordOf(row)?.id;
    const point = { row, ...(id === undefined ? {} : { id }) };
    if (names.length === 0) {
      yield { code: 'ROW_LOST', ...point, message: `point ${id}: its row ${row} is in no segment and not in the log` };
    } else {
      yield { code: 'ROW_TWICE', ...point, message: `point ${id}: its row ${row} is in ${names.join(' and in ')}` };
    }
  }
  const others = othersThan(live, first, count, dead);
  for (const part of parts) {
    const strays = part.has(others);
    for (const [at, row] of others.entries()) {
      if (strays[at] !== 1) continue;
      yield { code: 'ROW_WITHOUT_POINT', row, message: `${part.name}: its row ${row} holds no point and is not dead` };
    }
  }
}

function liveRows(meta: MetaSnapshot, first: number, count: number): Uint32Array {
  const rows = new Uint32Array(count);
  let length = 0;
  for (const row of meta.scanRowNumbers(first, count)) {
    if (row >= first + count) break;
    rows[length] = row;
    length += 1;
  }
  return rows.subarray(0, length);
}

// Of rows with a vector in the space.
function liveRowsIn(meta: MetaSnapshot, first: number, count: number, space: number): Uint32Array {
  const records = meta.scanRows(first, count).filter(({ row }) => row < first + count);
  return Uint32Array.from(
    records.filter((record) => hasVectorIn(record, space)),
    ({ row }) => row,
  );
}

// The rows of the window that neither live nor are dead.
function othersThan(live: Uint32Array, first: number, count: number, dead: DeadChunk): Uint32Array {
  const rows = new Uint32Array(count);
  let length = 0;
  let at = 0;
  for (let row = first; row < first + count; row += 1) {
    if (live[at] === row) at += 1;
    else if (!dead.has(row)) {
      rows[length] = row;
      length += 1;
    }
  }
  return rows.subarray(0, length);
}
