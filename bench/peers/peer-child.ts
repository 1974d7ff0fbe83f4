// One peer in a process of its own: builds its index, or searches it with every setting of its sweep. Started by
// run-peers.ts with the path of a task file; see child-task.ts for what goes in and out. Queries are all that the
// harness holds in RAM here, so that the resident bytes are the peer's.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { createCast } from '../../src/source/cast.js';
import { openVectorSource, readRows, type VectorSource } from '../../src/source/vector-source.js';
import { deviceBytesRead, processMemory } from '../../tools/machine.js';
import { mean, percentile } from '../../tools/statistics.js';
import type { PeerRow, Settings } from '../document.js';
import type { BuildLine, ChildTask, SearchLine } from './child-task.js';
import type { OpenedPeer, Peer, PeerTask, RowBlock } from './peer.js';
import { queryAtPosition } from './query-order.js';
import { peerNamed } from './registry.js';

const NO_ID = 0xffff_ffff;
const WARM_UP = 50;
/** The first searches of a process also fetch the program itself, piece by piece. */
const FIRST_WARM_UP = 500;
/** Measured even where the time of a point is over before. */
const QUERIES_LEAST = 100;
const IN_FLIGHT_PER_THREAD = 4;
const PAGE = 4096;

/** In the order in which they are asked (query-order.ts). */
interface Queries {
  data: Float32Array;
  count: number;
  dim: number;
}

/** Counts of one point before it becomes a line. */
interface Measured {
  mode: PeerRow['mode'];
  queries: number;
  seconds: number;
  bytesRead: number;
  ids: Uint32Array;
  /** Microseconds a call; empty for batch calls. */
  latencies: Float64Array;
}

async function run(task: ChildTask): Promise<void> {
  const peer = peerNamed(task.peer);
  const source = await openVectorSource(task.base);
  try {
    const { rows, dim, element } = source;
    const { folder, metric, k } = task;
    const load = (name: string): unknown => createRequire(join(task.packages, 'package.json'))(name);
    const shared: PeerTask = { folder, metric, rows, dim, element, k, load };
    if (task.action === 'build') await build(peer, task, shared, source);
    else await search(peer, task, shared);
  } finally {
    source.close();
  }
}

async function build(peer: Peer, task: ChildTask, shared: PeerTask, source: VectorSource): Promise<void> {
  const started = performance.now();
  const blocks = (rowsMax: number): AsyncIterable<RowBlock> => f32Blocks(source, rowsMax);
  await peer.build({ ...shared, settings: task.build, threads: task.threads, file: task.base, blocks });
  const line: BuildLine = { seconds: (performance.now() - started) / 1000, rss_peak: processMemory().rssPeak };
  appendFileSync(task.results, `${JSON.stringify(line)}\n`);
}

async function* f32Blocks(source: VectorSource, rowsMax: number): AsyncGenerator<RowBlock> {
  const { dim, element, rows, fileBytes } = source;
  const cast = createCast(source.path, dim, element, 'f32');
  const bytesMax = Math.max(1, Math.floor((rowsMax * fileBytes) / rows));
  for await (const window of source.windows({ bytesMax })) {
    yield { firstRow: window.firstRow, rows: window.rows, data: cast.apply(window) as Float32Array };
  }
}

async function search(peer: Peer, task: ChildTask, shared: PeerTask): Promise<void> {
  const queries = await loadQueries(task.queries);
  const { threads, build: built } = task;
  let opened: OpenedPeer | undefined;
  for (const [at, settings] of peer.sweep(shared).entries()) {
    if (opened?.use !== undefined) {
      opened.use(settings);
    } else {
      await opened?.close();
      opened = undefined;
      await collectGarbage();
      opened = await peer.open({ ...shared, build: built, settings, threads });
    }
    await warmUp(opened, queries, at === 0 ? FIRST_WARM_UP : WARM_UP);
    const measured = threads === 1 ? await oneByOne(opened, queries, task) : await busy(opened, queries, task);
    if (measured === null) break;
    report(task, settings, measured, at);
  }
  await opened?.close();
}

// What a peer holds without a way to close it is freed by finalizers, which run in turns of the event loop.
async function collectGarbage(): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc?.();
    await setImmediate();
  }
}

// With the last queries, so that the first ones measured find nothing that was fetched for themselves.
async function warmUp(opened: OpenedPeer, queries: Queries, most: number): Promise<void> {
  const count = Math.min(most, queries.count);
  for (let at = 0; at < count; at += 1) await opened.search(queryAt(queries, queries.count - 1 - at));
}

async function oneByOne(opened: OpenedPeer, queries: Queries, task: ChildTask): Promise<Measured> {
  const ids = new Uint32Array(queries.count * task.k).fill(NO_ID);
  const latencies = new Float64Array(queries.count);
  const [started, readBefore] = [performance.now(), deviceBytesRead()];
  let done = 0;
  while (done < queries.count && (done < QUERIES_LEAST || !isOver(started, task))) {
    const began = performance.now();
    const found = await opened.search(queryAt(queries, done));
    latencies[done] = (performance.now() - began) * 1000;
    keep(ids, found, done, task.k);
    done += 1;
  }
  const seconds = (performance.now() - started) / 1000;
  const bytesRead = deviceBytesRead() - readBefore;
  return { mode: 'single', queries: done, seconds, bytesRead, ids, latencies: latencies.subarray(0, done) };
}

/** All threads at work, in the best way that the peer has; null where it has none. */
async function busy(opened: OpenedPeer, queries: Queries, task: ChildTask): Promise<Measured | null> {
  if (opened.searchBatch !== undefined) return batch(opened.searchBatch.bind(opened), queries, task);
  return opened.searchInFlight === undefined ? null : inFlight(opened.searchInFlight.bind(opened), queries, task);
}

async function batch(
  searchAll: (queries: Float32Array, count: number) => Promise<ArrayLike<number | bigint>>,
  { data, count: all, dim }: Queries,
  task: ChildTask,
): Promise<Measured> {
  // A first batch says how many queries fit into the time of a point; it is not counted.
  const trial = Math.min(QUERIES_LEAST, all);
  const began = performance.now();
  await searchAll(data.subarray((all - trial) * dim), trial);
  const fitting = Math.floor((trial * task.secondsPerPoint * 1000) / (performance.now() - began));
  const count = Math.min(all, Math.max(trial, fitting));
  const [started, readBefore] = [performance.now(), deviceBytesRead()];
  const found = await searchAll(data.subarray(0, count * dim), count);
  const seconds = (performance.now() - started) / 1000;
  const bytesRead = deviceBytesRead() - readBefore;
  const ids = Uint32Array.from({ length: count * task.k }, (_, at) => Number(found[at] ?? NO_ID));
  return { mode: 'batch', queries: count, seconds, bytesRead, ids, latencies: new Float64Array(0) };
}

async function inFlight(
  searchOne: (query: Float32Array) => Promise<ArrayLike<number | bigint>>,
  queries: Queries,
  task: ChildTask,
): Promise<Measured> {
  const ids = new Uint32Array(queries.count * task.k).fill(NO_ID);
  const latencies = new Float64Array(queries.count);
  const [started, readBefore] = [performance.now(), deviceBytesRead()];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < queries.count && (next < QUERIES_LEAST || !isOver(started, task))) {
      const at = next;
      next += 1;
      const began = performance.now();
      const found = await searchOne(queryAt(queries, at));
      latencies[at] = (performance.now() - began) * 1000;
      keep(ids, found, at, task.k);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT_PER_THREAD * task.threads }, lane));
  const seconds = (performance.now() - started) / 1000;
  const bytesRead = deviceBytesRead() - readBefore;
  return { mode: 'in-flight', queries: next, seconds, bytesRead, ids, latencies: latencies.subarray(0, next) };
}

function report(task: ChildTask, settings: Settings, measured: Measured, at: number): void {
  const { mode, queries, seconds, latencies, bytesRead } = measured;
  const ids = `${task.results}.${task.threads}.${at}.ids`;
  writeFileSync(ids, new Uint8Array(measured.ids.buffer, 0, queries * task.k * 4));
  const sorted = latencies.slice().sort();
  const { rss, anonymous } = processMemory();
  const line: SearchLine = {
    settings,
    threads: task.threads,
    mode,
    queries,
    qps: queries / seconds,
    mean_us: sorted.length === 0 ? null : mean(sorted),
    p99_us: sorted.length === 0 ? null : percentile(sorted, 0.99),
    reads: bytesRead / PAGE / queries,
    rss,
    anonymous,
    ids,
  };
  appendFileSync(task.results, `${JSON.stringify(line)}\n`);
}

async function loadQueries(path: string): Promise<Queries> {
  const source = await openVectorSource(path);
  try {
    const cast = createCast(path, source.dim, source.element, 'f32');
    const stored = cast.apply({ firstRow: 0, data: await readRows(source) }) as Float32Array;
    const { rows: count, dim } = source;
    const data = new Float32Array(stored.length);
    for (let position = 0; position < count; position += 1) {
      const query = queryAtPosition(position, count);
      data.set(stored.subarray(query * dim, (query + 1) * dim), position * dim);
    }
    return { data, count, dim };
  } finally {
    source.close();
  }
}

function queryAt({ data, dim }: Queries, at: number): Float32Array {
  return data.subarray(at * dim, (at + 1) * dim);
}

function keep(ids: Uint32Array, found: ArrayLike<number | bigint>, query: number, k: number): void {
  for (let at = 0; at < Math.min(k, found.length); at += 1) ids[query * k + at] = Number(found[at]);
}

function isOver(started: number, task: ChildTask): boolean {
  return performance.now() - started > task.secondsPerPoint * 1000;
}

await run(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as ChildTask);
