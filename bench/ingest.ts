// `npm run bench:ingest [-- FOLDER]`: durable upserts into a collection, with the real vectors of FOLDER
// (../shared/data), and what searches and restarts cost meanwhile. Each part is told with its target:
//
//   burst      20,000 rows at 20,000 rows/s (log, metadata, tail); sync always, 8 writers, batches of 100
//   recall     recall@10 of the fresh rows' graph, at least 0.98
//   sustained  300,000 rows at 3,000 rows/s, segments written meanwhile; and as a share of what `build` does
//   latency    p99 of searches while rows come at half the rate at which they reach segments, from one delta that is
//              full to the next: at most twice that of an idle collection
//   restart    100,000 rows in the log only, after kill -9: readable and searchable in 3 s
//   reopen     a collection of a million rows in segments, in 2 s
//
// Some minutes in all. Times depend on the machine and on what else it does; the ratios less.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Collection, type Database, open, type RuntimeOptions } from '../src/index.js';
import { openVectorSource } from '../src/source/vector-source.js';
import { printLine, printTable } from '../tools/output.js';
import { projectRoot } from '../tools/tree.js';

const ROOT = projectRoot();
const OUTPUT = join(ROOT, 'bench', 'out', 'ingest');
const WRITERS = 8;
const BATCH = 100;
const BURST = 20_000;
const SUSTAINED = 300_000;
const UNFLUSHED = 100_000;
const QUERIES = 200;
const DELTA_ROWS = 200_000; // the default
const IDLE_MS = 15_000;

interface Line {
  what: string;
  measured: string;
  target: string;
}

interface Data {
  dim: number;
  vectors: Uint8Array;
  queries: Uint8Array;
  rows: number;
}

const lines: Line[] = [];

function tell(what: string, measured: string, target: string): void {
  lines.push({ what, measured, target });
  printLine(`${what}: ${measured} (target ${target})`);
}

async function readAll(path: string): Promise<{ dim: number; rows: number; bytes: Uint8Array }> {
  const source = await openVectorSource(path);
  try {
    const { dim, rows } = source;
    const bytes = new Uint8Array(rows * dim);
    for await (const window of source.windows()) bytes.set(window.data as Uint8Array, window.firstRow * dim);
    return { dim, rows, bytes };
  } finally {
    source.close();
  }
}

function point(data: Data, row: number): { id: number; vector: Float32Array; payload: Record<string, unknown> } {
  const vector = new Float32Array(data.vectors.subarray(row * data.dim, (row + 1) * data.dim));
  return { id: row, vector, payload: { row, group: row % 100, name: `photo ${row}`, tags: ['a', `t${row % 7}`] } };
}

/** Rows [from, to), by several writers; resolves to the seconds taken. `rowsPerSecond` holds them back. */
async function upsert(
  collection: Collection,
  data: Data,
  from: number,
  to: number,
  rowsPerSecond = Number.POSITIVE_INFINITY,
): Promise<{ seconds: number; latencies: number[] }> {
  const started = performance.now();
  const latencies: number[] = [];
  let next = from;
  const writer = async (): Promise<void> => {
    for (let first = next; first < to; first = next) {
      const end = Math.min(to, first + BATCH);
      next = end; // before anything is waited for: the other writers go on from there
      const due = started + ((first - from) / rowsPerSecond) * 1000;
      if (due > performance.now()) await setTimeout(due - performance.now());
      const points = Array.from({ length: end - first }, (_, i) => point(data, first + i));
      const began = performance.now();
      await collection.upsert(points);
      latencies.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  return { seconds: (performance.now() - started) / 1000, latencies };
}

function query(data: Data, at: number): Float32Array {
  const first = (at % QUERIES) * data.dim;
  return new Float32Array(data.queries.subarray(first, first + data.dim));
}

async function recall(collection: Collection, data: Data): Promise<number> {
  let found = 0;
  for (let q = 0; q < QUERIES; q += 1) {
    const exact = await collection.search(query(data, q), { k: 10, exact: true });
    const limit = exact.at(-1)?.distance ?? 0;
    const hits = await collection.search(query(data, q), { k: 10 });
    found += hits.filter(({ distance }) => distance <= limit).length;
  }
  return found / (10 * QUERIES);
}

/** Latencies of searches, one after the other, until `stop` settles. */
async function searchUntil(collection: Collection, data: Data, stop: Promise<unknown>): Promise<number[]> {
  let ended = false;
  void stop.finally(() => {
    ended = true;
  });
  const latencies: number[] = [];
  for (let q = 0; !ended; q += 1) {
    const began = performance.now();
    await collection.search(query(data, q), { k: 10 });
    latencies.push(performance.now() - began);
    await setTimeout(5);
  }
  return latencies;
}

function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

async function fresh(name: string, options: RuntimeOptions = {}): Promise<{ database: Database; dir: string }> {
  const dir = join(OUTPUT, name);
  rmSync(dir, { recursive: true, force: true });
  return { database: await open(dir, options), dir };
}

async function burst(data: Data): Promise<void> {
  const { database } = await fresh('burst');
  const collection = await database.createCollection('c', { dim: data.dim });
  // The first rounds compile; they are not what a running service sees.
  await upsert(collection, data, BURST, BURST + 4000);
  await collection.flush();
  const { seconds, latencies } = await upsert(collection, data, 0, BURST);
  tell(
    'burst of 20,000 rows',
    `${rate(BURST, seconds)}, batch p99 ${percentile(latencies, 0.99).toFixed(0)} ms`,
    '20,000 rows/s',
  );
  const { wal } = collection.status();
  printLine(
    `  ${wal.recordsPerSync.toFixed(1)} batches a sync, ${collection.status().unlinkedRows} rows not linked yet`,
  );
  const linking = performance.now();
  await collection.linked();
  printLine(`  linked ${((performance.now() - linking) / 1000).toFixed(1)} s later`);
  tell('recall@10 of fresh rows', (await recall(collection, data)).toFixed(4), '0.98');
  await database.close();
}

async function sustained(data: Data): Promise<void> {
  const { database } = await fresh('sustained', { deltaRows: DELTA_ROWS });
  const collection = await database.createCollection('c', { dim: data.dim });
  const started = performance.now();
  const { seconds, latencies } = await upsert(collection, data, 0, SUSTAINED);
  const acknowledged = SUSTAINED / seconds;
  await collection.flush();
  const all = (performance.now() - started) / 1000;
  const p99 = percentile(latencies, 0.99).toFixed(0);
  tell('300,000 rows sustained', `${rate(SUSTAINED, seconds)} acknowledged, batch p99 ${p99} ms`, '3,000 rows/s');
  tell('the same, until all are in segments', rate(SUSTAINED, all), 'reported');
  await searchBeside(collection, data, SUSTAINED / all, acknowledged);
  await database.close();
}

// Half of the rate that can go on for ever: at which rows reach segments. One round goes from one delta that is full to
// the next, so a segment is being written for as large a part of it as at that rate it always is.
async function searchBeside(collection: Collection, data: Data, forEver: number, acknowledged: number): Promise<void> {
  const idle = await searchUntil(collection, data, setTimeout(IDLE_MS));
  let row = SUSTAINED;
  for (; collection.status().flushing === 0; row += 8 * BATCH) await upsert(collection, data, row, row + 8 * BATCH);
  const half = upsert(collection, data, row, row + DELTA_ROWS, forEver / 2);
  const busy = await searchUntil(collection, data, half);
  await collection.flush();
  await collection.linked();
  idle.push(...(await searchUntil(collection, data, setTimeout(IDLE_MS))));
  row += DELTA_ROWS;
  const full = upsert(collection, data, row, Math.min(data.rows, row + 10 * acknowledged));
  const flat = await searchUntil(collection, data, full);
  const [quiet, loaded, flatOut] = [idle, busy, flat].map((each) => percentile(each, 0.99)) as [number, number, number];
  const medians = [idle, busy, flat].map((each) => percentile(each, 0.5).toFixed(2)).join(', ');
  printLine(
    `  ${idle.length}, ${busy.length}, ${flat.length} searches idle, at half and at full rate; medians ${medians} ms`,
  );
  tell(
    'search p99 at half the rate',
    `${ratio(loaded, quiet)} (${loaded.toFixed(1)} against ${quiet.toFixed(1)} ms idle)`,
    '2x',
  );
  tell('search p99 at full rate', `${ratio(flatOut, quiet)} (${flatOut.toFixed(1)} ms)`, 'reported');
}

async function restart(data: Data): Promise<void> {
  const dir = join(OUTPUT, 'restart');
  rmSync(dir, { recursive: true, force: true });
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), '--fill', dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const chunk of child.stdout) if (String(chunk).includes('filled')) break;
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  const started = performance.now();
  const database = await open(dir, { deltaRows: 2 * UNFLUSHED });
  const collection = await database.collection('c');
  const [read] = await collection.retrieve([UNFLUSHED - 1]);
  const [found] = await collection.search(point(data, 77).vector, { k: 1 });
  const seconds = (performance.now() - started) / 1000;
  if (read === undefined || found?.distance !== 0 || collection.count() !== UNFLUSHED)
    throw new Error('rows are missing');
  tell('100,000 rows after kill -9', `${seconds.toFixed(2)} s`, '3 s');
  await database.close();
}

/** The process that is killed. */
async function fill(dir: string, data: Data): Promise<void> {
  const database = await open(dir, { deltaRows: 2 * UNFLUSHED });
  const collection = await database.createCollection('c', { dim: data.dim });
  await upsert(collection, data, 0, UNFLUSHED);
  process.stdout.write('filled\n');
  await setTimeout(600_000);
}

async function reopen(data: Data): Promise<void> {
  const { database, dir } = await fresh('reopen', { deltaRows: 250_000, sync: 'none' });
  const collection = await database.createCollection('c', { dim: data.dim });
  await upsert(collection, data, 0, data.rows);
  await collection.flush();
  const { segments } = collection.status();
  await database.close();
  const started = performance.now();
  const again = await open(dir);
  const opened = await again.collection('c');
  const [found] = await opened.search(point(data, 77).vector, { k: 1 });
  const seconds = (performance.now() - started) / 1000;
  if (found?.distance !== 0 || opened.count() !== data.rows) throw new Error('rows are missing');
  tell(
    `reopening ${data.rows.toLocaleString('en')} rows in ${segments.length} segments`,
    `${seconds.toFixed(2)} s`,
    '2 s',
  );
  await again.close();
}

const rate = (rows: number, seconds: number): string => `${Math.round(rows / seconds).toLocaleString('en')} rows/s`;
const ratio = (a: number, b: number): string => `${(a / b).toFixed(2)}x`;

const args = process.argv.slice(2);
const folder =
  args.find((arg, at) => !arg.startsWith('--') && args[at - 1] !== '--fill') ?? join(ROOT, '..', 'shared', 'data');
const base = await readAll(join(folder, 'photo-sift-1m.base.u8bin'));
const asked = await readAll(join(folder, 'photo-sift-1m.query.u8bin'));
const data: Data = { dim: base.dim, rows: base.rows, vectors: base.bytes, queries: asked.bytes };
if (args[0] === '--fill') {
  await fill(args[1] ?? '', data);
} else {
  if (!existsSync(OUTPUT)) mkdirSync(OUTPUT, { recursive: true });
  await burst(data);
  await restart(data);
  await sustained(data);
  await reopen(data);
  rmSync(OUTPUT, { recursive: true, force: true });
  printTable(lines, [
    { title: 'what', cell: ({ what }) => what },
    { title: 'measured', cell: ({ measured }) => measured },
    { title: 'target', cell: ({ target }) => target },
  ]);
}
