import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type MetaStore, openMetaStore } from '../meta/meta-store.js';
import type { RowPart } from '../segment/row-probe.js';
import { checkRows, type RowProblem } from './check-rows.js';

let folder: string;
let meta: MetaStore;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vamana-rows-'));
  meta = openMetaStore(join(folder, 'meta'), { reserveBytes: 0 });
});

afterEach(async () => {
  await meta.close();
  rmSync(folder, { recursive: true });
});

/** Points 0, 1, ... of rows in order; every third replaced by a row of its own at the end. */
async function fill(points: number): Promise<void> {
  const put = (id: number, row: number, dead: number | null) => {
    return { kind: 'put' as const, id: BigInt(id), row, dead, payload: null };
  };
  await meta.apply([{ seq: 1, ops: Array.from({ length: points }, (_, at) => put(at, at, null)) }]);
  const replaced = Array.from({ length: Math.ceil(points / 3) }, (_, at) => put(3 * at, points + at, 3 * at));
  await meta.apply([{ seq: 2, ops: replaced }]);
}

function part(name: string, rows: Iterable<number>): RowPart {
  const set = new Set(rows);
  return { name, has: (asked) => Uint8Array.from(asked, (row) => (set.has(row) ? 1 : 0)), close: () => undefined };
}

async function problems(parts: RowPart[], endRow = 0): Promise<RowProblem[]> {
  const snapshot = meta.snapshot();
  const found: RowProblem[] = [];
  try {
    for await (const problem of checkRows(snapshot, parts, endRow)) found.push(problem);
  } finally {
    snapshot.release();
  }
  return found;
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, at) => from + at);

it('every row in one part and back is sound, dead ones or not', async () => {
  const points = 30_000;
  await fill(points);
  const end = points + points / 3;
  expect(await problems([part('a', range(0, 9000)), part('b', range(9000, end))])).toEqual([]);
  const live = range(0, end).filter((row) => row >= points || row % 3 !== 0);
  expect(await problems([part('a', live)])).toEqual([]);
});

it('a row in no part, in two, or without a point is named', async () => {
  await fill(30);
  const rows = range(0, 40);
  const without = rows.filter((row) => row !== 7 && row !== 35);
  expect(await problems([part('a', without)])).toMatchObject([
    { code: 'ROW_LOST', row: 7, id: 7n },
    { code: 'ROW_LOST', row: 35, id: 15n, message: 'point 15: its row 35 is in no segment and not in the log' },
  ]);
  // One lost and one twice must not make up for each other.
  expect(await problems([part('a', without), part('b', [8])])).toMatchObject([
    { code: 'ROW_LOST', row: 7 },
    { code: 'ROW_TWICE', row: 8, message: 'point 8: its row 8 is in a and in b' },
    { code: 'ROW_LOST', row: 35 },
  ]);
  expect(await problems([part('a', [...rows, 40, 90_000])], 100_000)).toMatchObject([
    { code: 'ROW_WITHOUT_POINT', row: 40, message: 'a: its row 40 holds no point and is not dead' },
    { code: 'ROW_WITHOUT_POINT', row: 90_000 },
  ]);
});

it('stops when it is cancelled', async () => {
  await fill(10);
  const snapshot = meta.snapshot();
  const check = checkRows(snapshot, [part('a', range(0, 20))], 0, { signal: AbortSignal.abort() });
  await expect(check.next()).rejects.toMatchObject({ code: 'ABORTED' });
  snapshot.release();
});
