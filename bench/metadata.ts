// `node dist/bench/metadata.js [ROWS]`: what the metadata store costs by itself. Resolves and applies ROWS (20,000)
// points of 128 dimensions with payloads of about 100 bytes in groups of 8 batches of 100, then replaces them, then
// reads by row, scrolls, writes the same into another store with undo entries, bulk loads it into a third one, and
// tells rows/s, CPU, how long this thread was held up, and the size on disk. The disk it syncs to is that of bench/out/.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type MetaStore, openMetaStore } from '../src/meta/meta-store.js';
import { encodePayload } from '../src/payload/payload-codec.js';
import { hydrate } from '../src/read/hydrate.js';
import { scroll } from '../src/read/scroll.js';
import type { WalRecord } from '../src/wal/wal-op.js';
import { resolve } from '../src/write/resolve.js';
import { ResolveView } from '../src/write/resolve-view.js';
import { RowAllocator } from '../src/write/row-allocator.js';
import type { PointInput } from '../src/write/write-batch.js';
import { formatNumber, printLine } from '../tools/output.js';
import { percentile } from '../tools/statistics.js';
import { projectRoot } from '../tools/tree.js';

const OUTPUT = join(projectRoot(), 'bench', 'out', 'metadata');
const DIM = 128;
const BATCH = 100;
const GROUP = 8;
const READS = 2000;
const K = 10;
/** Records that are not durable in the log yet, where undo entries are kept. */
const UNDO_LAG = 100;

async function bench(rows: number): Promise<void> {
  rmSync(OUTPUT, { recursive: true, force: true });
  mkdirSync(OUTPUT, { recursive: true });
  const points = Array.from({ length: rows }, (_, i) => createPoint(i));
  const store = openMetaStore(join(OUTPUT, 'store'));
  await writeTwice(store, points, 0);
  await read(store, rows);
  await store.close();
  const lazy = openMetaStore(join(OUTPUT, 'undo'));
  printLine(`with undo entries of the last ${UNDO_LAG} records:`);
  await writeTwice(lazy, points, UNDO_LAG);
  const { appliedSeq } = lazy.state;
  const start = performance.now();
  await lazy.rollBack(appliedSeq - UNDO_LAG);
  const undone = performance.now() - start;
  printLine(`roll back: ${rate(UNDO_LAG * BATCH, undone)} rows/s`);
  await lazy.close();
  await load(points, rows);
  rmSync(OUTPUT, { recursive: true, force: true });
}

// Ids scattered over all of u32, as hashes would be.
function createPoint(i: number): PointInput {
  const vector = Float32Array.from({ length: DIM }, (_, d) => Math.sin(i + d));
  const payload = {
    name: `item ${i}`,
    price: i * 1.5,
    tags: ['a', 'b', 'c'],
    city: 'Berlin',
    note: 'some more text, to make it long',
  };
  return { id: BigInt((i * 2_654_435_761) % 2 ** 32), vector, payload };
}

async function writeTwice(store: MetaStore, points: readonly PointInput[], lag: number): Promise<void> {
  for (const name of ['insert', 'replace']) {
    await write(store, name, points, lag);
    printLine(
      `file ${formatNumber(store.fileBytes / points.length)} bytes a row, ${store.state.nextRow} rows assigned`,
    );
  }
}

async function write(store: MetaStore, name: string, points: readonly PointInput[], lag: number): Promise<void> {
  const rows = points.length;
  const allocator = new RowAllocator(store.state.nextRow);
  const space = { dim: DIM, element: 'f32', metric: 'cosine' } as const;
  const spent = { resolve: [] as number[], held: [] as number[], apply: [] as number[] };
  const cpu = process.cpuUsage();
  let seq = store.state.appliedSeq;
  for (let first = 0; first < rows; first += GROUP * BATCH) {
    const start = performance.now();
    const snapshot = store.snapshot();
    const view = new ResolveView(snapshot);
    const records: WalRecord[] = [];
    for (let at = first; at < Math.min(rows, first + GROUP * BATCH); at += BATCH) {
      seq += 1;
      const batch = [{ upsert: points.slice(at, at + BATCH) }];
      records.push({ seq, ops: resolve(batch, { view, rows: allocator, seq, config: space, ids: {} }).ops });
    }
    snapshot.release();
    const resolved = performance.now();
    const applied = store.apply(records, seq - lag);
    // The work on this thread is done in the microtasks that follow.
    await Promise.resolve().then(() => undefined);
    const held = performance.now();
    await applied;
    spent.resolve.push(resolved - start);
    spent.held.push(held - resolved);
    spent.apply.push(performance.now() - resolved);
  }
  const used = process.cpuUsage(cpu);
  const flushed = performance.now();
  await store.flushed();
  const flush = performance.now() - flushed;
  const [resolving, applying] = [sum(spent.resolve), sum(spent.apply)];
  printLine(
    `${name}: apply ${rate(rows, applying)} rows/s, resolve ${rate(rows, resolving)} rows/s, ` +
      `CPU ${formatNumber((used.user + used.system) / rows)} us a row (all threads, both)`,
  );
  printLine(
    `  ms a group: apply ${spread(spent.apply)}; this thread ${spread(spent.held)}; resolve ${spread(spent.resolve)}`,
  );
  printLine(`  flushed ${flush.toFixed(2)} ms after the last group`);
}

async function read(store: MetaStore, rows: number): Promise<void> {
  const snapshot = store.snapshot();
  const hits = Array.from({ length: READS }, (_, i) => ({
    rows: Uint32Array.from({ length: K }, (_, j) => rows + ((i * 7919 + j * 104_729) % rows)),
    distances: new Float32Array(K),
  }));
  for (const prefetch of [false, true]) {
    for (const kind of ['none', 'all'] as const) {
      const times: number[] = [];
      for (const one of hits) {
        const start = performance.now();
        await hydrate(snapshot, one, K, { payload: { kind }, prefetch });
        times.push((performance.now() - start) * 1000);
      }
      printLine(`read ${K} rows, payload ${kind}${prefetch ? ', prefetched' : ''}: ${spread(times)} us`);
    }
  }
  snapshot.release();
  for (const kind of ['none', 'all'] as const) {
    const acquire = () => {
      const meta = store.snapshot();
      return { meta, release: () => meta.release() };
    };
    const start = performance.now();
    let seen = 0;
    for await (const _ of scroll(acquire, { payload: { kind } })) seen += 1;
    printLine(`scroll, payload ${kind}: ${rate(seen, performance.now() - start)} rows/s`);
  }
}

async function load(points: readonly PointInput[], rows: number): Promise<void> {
  const store = openMetaStore(join(OUTPUT, 'loaded'));
  const sorted = points.map(({ payload }, row) => ({
    id: BigInt(3 * row),
    row,
    payload: encodePayload(payload ?? {}),
  }));
  const cpu = process.cpuUsage();
  const start = performance.now();
  await store.bulkLoad(sorted, 1);
  const used = process.cpuUsage(cpu);
  const seconds = performance.now() - start;
  printLine(
    `bulk load: ${rate(rows, seconds)} rows/s, CPU ${formatNumber((used.user + used.system) / rows)} us a row, ` +
      `file ${formatNumber(store.fileBytes / rows)} bytes a row`,
  );
  await store.close();
}

function rate(rows: number, milliseconds: number): string {
  return Math.round((rows / milliseconds) * 1000).toLocaleString('en');
}

function spread(values: readonly number[]): string {
  const sorted = Float64Array.from(values).sort();
  return `p50 ${percentile(sorted, 0.5).toFixed(2)}, p99 ${percentile(sorted, 0.99).toFixed(2)}`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

await bench(Number(process.argv[2] ?? 20_000));
