// Suite `ingest`: durable upserts into a collection, with the main set's real vectors, and what searches and restarts cost
// meanwhile. Each line is told with its target. The sizes in brackets are those of a full run.
//
//   burst      rows at once (20,000) into log, metadata and tail; sync always, 8 writers, batches of 100; then recall
//   restart    rows (100,000) in the log only, after kill -9: readable and searchable in 3 s
//   sustained  full run only: 300,000 rows, segments written meanwhile; p99 of searches while rows come at half the rate
//              at which they reach segments, from one delta that is full to the next: at most twice an idle collection's
//   reopen     full run only: a collection of all rows in segments, in 2 s
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Collection, type Database, open, type RuntimeOptions } from '../../src/index.js';
import { percentile } from '../../tools/statistics.js';
import { projectRoot } from '../../tools/tree.js';
import { type FlatRows, loadFlat, loadFloats, rowOf } from '../floats.js';
import type { DataSet } from '../data-sets.js';
import type { SuiteResult } from '../document.js';
import { upsert } from '../ingest-rows.js';
import type { Suite, SuiteContext } from '../suite.js';

const BURST = 20_000;
const WARM_UP = 4000;
const SUSTAINED = 300_000;
const UNFLUSHED = 100_000;
const QUERIES = 200;
const DELTA_ROWS = 200_000; // the default
const WRITTEN_AT_ONCE = 800;
const IDLE_MS = 15_000;
/** Merges are measured by themselves: bench/merge.ts. */
const BY_HAND = { auto: false };

interface Line {
  what: string;
  measured: string;
  target: string;
}

/** One run: its data, where it may write, and what it has to tell. */
interface Run {
  set: DataSet;
  data: FlatRows;
  queries: Float32Array[];
  folder: string;
  lines: Line[];
  note(line: string): void;
}

async function run(context: SuiteContext): Promise<SuiteResult> {
  const { main: set } = context.data;
  const rows = await loadFlat(set.base, context.full ? set.rows : UNFLUSHED);
  const queries = await loadFloats(set.queries, QUERIES);
  const lines: Line[] = [];
  const notes = [
    `${set.name} as f32, with a payload of four members, 8 writers, batches of 100, sync: always. Times depend on the machine and on what else it does; the ratios less.`,
  ];
  const note = (line: string): number => notes.push(line);
  const task: Run = { set, data: rows, queries, folder: context.folder, lines, note };
  for (const [name, part] of parts(context)) {
    context.tell(name);
    await part(task);
  }
  return {
    notes,
    tables: [
      {
        title: 'Writing',
        columns: ['what', 'measured', 'target'],
        rows: lines.map(({ what, measured, target }) => [what, measured, target]),
      },
    ],
    charts: [],
  };
}

function parts({ full, data }: SuiteContext): [string, (run: Run) => Promise<void>][] {
  const always: [string, (run: Run) => Promise<void>][] = [
    ['burst', burst],
    ['restart', restart],
  ];
  // Two deltas, and one more to write beside searches.
  const enough = data.main.rows >= SUSTAINED + 2 * DELTA_ROWS;
  return full && enough ? [...always, ['sustained', sustained], ['reopen', reopen]] : always;
}

function tell({ lines }: Run, what: string, measured: string, target: string): void {
  lines.push({ what, measured, target });
}

function query({ queries }: Run, at: number): Float32Array {
  return queries[at % queries.length] ?? new Float32Array(0);
}

async function recall(run: Run, collection: Collection): Promise<number> {
  let found = 0;
  for (let q = 0; q < QUERIES; q += 1) {
    const exact = await collection.search(query(run, q), { k: 10, exact: true });
    const limit = exact.at(-1)?.distance ?? 0;
    const hits = await collection.search(query(run, q), { k: 10 });
    found += hits.filter(({ distance }) => distance <= limit).length;
  }
  return found / (10 * QUERIES);
}

/** Latencies of searches, ascending, one after the other, until `stop` settles. */
async function searchUntil(run: Run, collection: Collection, stop: Promise<unknown>): Promise<number[]> {
  let ended = false;
  void stop.finally(() => {
    ended = true;
  });
  const latencies: number[] = [];
  for (let q = 0; !ended; q += 1) {
    const began = performance.now();
    await collection.search(query(run, q), { k: 10 });
    latencies.push(performance.now() - began);
    await setTimeout(5);
  }
  return latencies.sort((x, y) => x - y);
}

async function fresh(
  { folder }: Run,
  name: string,
  options: RuntimeOptions = {},
): Promise<{ database: Database; dir: string }> {
  const dir = join(folder, name);
  rmSync(dir, { recursive: true, force: true });
  return { database: await open(dir, { ...options, maintenance: BY_HAND }), dir };
}

async function burst(run: Run): Promise<void> {
  const { database } = await fresh(run, 'burst');
  const collection = await database.createCollection('c', { dim: run.set.dim });
  const size = Math.min(BURST, Math.floor(run.data.rows * 0.8));
  // The first rounds compile; they are not what a running service sees.
  await upsert(collection, run.data, size, Math.min(run.data.rows, size + WARM_UP));
  await collection.flush();
  const { seconds, latencies } = await upsert(collection, run.data, 0, size);
  const p99 = percentile(latencies, 0.99).toFixed(0);
  tell(run, `burst of ${count(size)} rows`, `${rate(size, seconds)}, batch p99 ${p99} ms`, '20,000 rows/s');
  const { wal, unlinkedRows } = collection.status();
  const linking = performance.now();
  await collection.linked();
  const linked = ((performance.now() - linking) / 1000).toFixed(1);
  run.note(
    `Burst: ${wal.recordsPerSync.toFixed(1)} batches a sync; ${count(unlinkedRows)} rows were not linked yet, and were ${linked} s later.`,
  );
  tell(run, 'recall@10 of fresh rows', (await recall(run, collection)).toFixed(4), '0.98');
  await database.close();
}

async function sustained(run: Run): Promise<void> {
  const { database } = await fresh(run, 'sustained', { deltaRows: DELTA_ROWS });
  const collection = await database.createCollection('c', { dim: run.set.dim });
  const started = performance.now();
  const { seconds, latencies } = await upsert(collection, run.data, 0, SUSTAINED);
  const acknowledged = SUSTAINED / seconds;
  await collection.flush();
  const all = (performance.now() - started) / 1000;
  const p99 = percentile(latencies, 0.99).toFixed(0);
  tell(run, '300,000 rows sustained', `${rate(SUSTAINED, seconds)} acknowledged, batch p99 ${p99} ms`, '3,000 rows/s');
  tell(run, 'the same, until all are in segments', rate(SUSTAINED, all), 'reported');
  await searchBeside(run, collection, SUSTAINED / all, acknowledged);
  await database.close();
}

// Half of the rate that can go on for ever: at which rows reach segments. One round goes from one delta that is full to
// the next, so a segment is being written for as large a part of it as at that rate it always is.
async function searchBeside(run: Run, collection: Collection, forEver: number, acknowledged: number): Promise<void> {
  const idle = await searchUntil(run, collection, setTimeout(IDLE_MS));
  let row = SUSTAINED;
  for (; collection.status().flushing === 0; row += WRITTEN_AT_ONCE)
    await upsert(collection, run.data, row, row + WRITTEN_AT_ONCE);
  const half = upsert(collection, run.data, row, row + DELTA_ROWS, forEver / 2);
  const busy = await searchUntil(run, collection, half);
  await collection.flush();
  await collection.linked();
  idle.push(...(await searchUntil(run, collection, setTimeout(IDLE_MS))));
  idle.sort((x, y) => x - y);
  row += DELTA_ROWS;
  const full = upsert(collection, run.data, row, Math.min(run.data.rows, row + 10 * acknowledged));
  const flat = await searchUntil(run, collection, full);
  const [quiet, loaded, flatOut] = [idle, busy, flat].map((each) => percentile(each, 0.99)) as [number, number, number];
  const medians = [idle, busy, flat].map((each) => percentile(each, 0.5).toFixed(2)).join(', ');
  run.note(
    `${idle.length}, ${busy.length}, ${flat.length} searches idle, at half and at full rate; medians ${medians} ms.`,
  );
  tell(
    run,
    'search p99 at half the rate',
    `${ratio(loaded, quiet)} (${loaded.toFixed(1)} against ${quiet.toFixed(1)} ms idle)`,
    '2x',
  );
  tell(run, 'search p99 at full rate', `${ratio(flatOut, quiet)} (${flatOut.toFixed(1)} ms)`, 'reported');
}

async function restart(run: Run): Promise<void> {
  const dir = join(run.folder, 'restart');
  const size = Math.min(UNFLUSHED, run.data.rows);
  const script = join(projectRoot(), 'dist', 'bench', 'ingest-child.js');
  const child = spawn(process.execPath, [script, dir, run.set.base, `${size}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let filled = false;
  for await (const chunk of child.stdout) {
    filled = String(chunk).includes('filled');
    if (filled) break;
  }
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  if (!filled) throw new Error('the process that fills the log ended before it was done');
  const started = performance.now();
  const database = await open(dir, { deltaRows: 2 * UNFLUSHED, maintenance: BY_HAND });
  const collection = await database.collection('c');
  const [read] = await collection.retrieve([size - 1]);
  const [found] = await collection.search(rowOf(run.data, 77), { k: 1 });
  const seconds = (performance.now() - started) / 1000;
  if (read === undefined || found?.distance !== 0 || collection.count() !== size) throw new Error('rows are missing');
  tell(run, `${count(size)} rows after kill -9`, `${seconds.toFixed(2)} s`, '3 s');
  await database.close();
}

async function reopen(run: Run): Promise<void> {
  const { database, dir } = await fresh(run, 'reopen', { deltaRows: 250_000, sync: 'none' });
  const collection = await database.createCollection('c', { dim: run.set.dim });
  await upsert(collection, run.data, 0, run.data.rows);
  await collection.flush();
  const { segments } = collection.status();
  await database.close();
  const started = performance.now();
  const again = await open(dir, { maintenance: BY_HAND });
  const opened = await again.collection('c');
  const [found] = await opened.search(rowOf(run.data, 77), { k: 1 });
  const seconds = (performance.now() - started) / 1000;
  if (found?.distance !== 0 || opened.count() !== run.data.rows) throw new Error('rows are missing');
  tell(run, `reopening ${count(run.data.rows)} rows in ${segments.length} segments`, `${seconds.toFixed(2)} s`, '2 s');
  await again.close();
}

const rate = (rows: number, seconds: number): string => `${Math.round(rows / seconds).toLocaleString('en')} rows/s`;
const ratio = (a: number, b: number): string => `${(a / b).toFixed(2)}x`;
const count = (rows: number): string => rows.toLocaleString('en');

export const ingestSuite: Suite = { name: 'ingest', title: 'Writing into a collection', quick: true, run };
