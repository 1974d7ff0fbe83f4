// `npm run bench:merge [-- ROWS [FOLDER]]`: what it costs to replace a tenth of ROWS rows of the SIFT set, and what the
// result is worth. A segment of ROWS rows loses a tenth of them at random and gets as many others, by a streaming merge
// with vectors in memory, by one within the least memory, and by a rebuild. Prints seconds (of the clock, of the
// processors, by stage), the memory planned, bits an edge and recall@10. ROWS is 100,000 by default and at most
// 900,000; FOLDER ../shared/data. Takes some minutes; ARCHITECTURE.md has what was measured.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { loadNative, type NativeMergeReport, type NativeSegment, type NativeSnapshot } from '../src/binding.js';
import { type MergeInput, mergeSegments, planMerge } from '../src/segment/merge-segments.js';
import { type Column, formatBytes, formatNumber, printLine, printTable, rounded } from '../tools/output.js';
import { projectRoot } from '../tools/tree.js';

const OUTPUT = join(projectRoot(), 'bench', 'out', 'merge');
const DIM = 128;
const HEADER = 8;
const QUERIES = 1000;
const K = 10;
const LIST_SIZE = 80;
const THREADS = availableParallelism();
const { constants, createStore, createExactScan } = loadNative();
const { degree, buildList, alpha, codeBytes } = constants.defaults;

interface Row {
  name: string;
  report: NativeMergeReport;
  planned: number;
  processorSeconds: number;
  recall: number;
}

const store = createStore({
  dim: DIM,
  element: 'u8',
  metric: 'l2',
  io: 'auto',
  threads: THREADS,
  inFlight: 0,
  cacheBytes: 0,
  queueRequests: 1024,
  delta: { degree, buildList, alpha },
});

async function bench(rows: number, folder: string): Promise<void> {
  const base = readFileSync(join(folder, 'photo-sift-1m.base.u8bin')).subarray(HEADER);
  const queries = readFileSync(join(folder, 'photo-sift-1m.query.u8bin')).subarray(HEADER, HEADER + QUERIES * DIM);
  rmSync(OUTPUT, { recursive: true, force: true });
  mkdirSync(OUTPUT, { recursive: true });
  const fresh = Math.floor(rows / 10);
  const large = await segmentOf(base, 0, rows);
  const small = await segmentOf(base, rows, rows + fresh);
  const dead = randomRows(rows, fresh);
  const snapshot = store.createSnapshot({ segments: [large, small], deltas: [], dead });
  const truth = await nearest(base, rows + fresh, new Set(dead), queries);
  const input = { store, snapshot, segments: [large, small], threads: THREADS };
  const least = await planMerge({ ...input, dir: join(OUTPUT, 'merged') });
  const results: Row[] = [];
  for (const [name, change] of [
    ['streaming', {}],
    ['streaming, least memory', { memoryLimit: least.leastBytes }],
    ['rebuild', { mode: 'rebuild', graph: {} }],
  ] as const) {
    printLine(`${name} of ${formatNumber(rows)} rows`);
    results.push(await measure(name, { ...input, ...change, dir: join(OUTPUT, 'merged') }, queries, truth));
    printTable(results, columns);
  }
  await store.close();
  rmSync(OUTPUT, { recursive: true, force: true });
}

async function measure(name: string, input: MergeInput, queries: Uint8Array, truth: Uint32Array): Promise<Row> {
  const { peakBytes: planned } = await planMerge(input);
  const before = process.cpuUsage();
  const report = await mergeSegments(input);
  const { user, system } = process.cpuUsage(before);
  const merged = await store.openSegment(input.dir);
  const recall = await recallOf(merged, queries, truth);
  merged.close();
  rmSync(input.dir, { recursive: true });
  return { name, report, planned, processorSeconds: (user + system) / 1e6, recall };
}

/** Rows [begin, end) of the file, under their numbers there. */
async function segmentOf(base: Uint8Array, begin: number, end: number): Promise<NativeSegment> {
  const delta = store.createDelta();
  const step = 10_000;
  for (let first = begin; first < end; first += step) {
    const count = Math.min(step, end - first);
    delta.append(
      Uint32Array.from({ length: count }, (_, at) => first + at),
      base.subarray(first * DIM, (first + count) * DIM),
    );
  }
  const parts = { segments: [], deltas: [delta] };
  const only = store.createSnapshot({ ...parts, dead: new Uint32Array(0) });
  const dir = join(OUTPUT, `rows-${begin}`);
  const options = {
    dir,
    degree,
    buildList,
    alpha,
    code: 'auto',
    codeBytes,
    memoryLimit: 0,
    threads: THREADS,
    seed: 1,
  } as const;
  await store.buildSegment(parts, only, options, null, null);
  // Nor is the delta linked any further, once nothing has it.
  only.close();
  delta.close();
  return store.openSegment(dir);
}

/** `count` of the rows below `rows`, the same ones each time. */
function randomRows(rows: number, count: number): Uint32Array {
  const chosen = new Set<number>();
  for (let state = 1; chosen.size < count; ) {
    state = (state * 48_271) % 2_147_483_647;
    chosen.add(state % rows);
  }
  return Uint32Array.from(chosen).sort();
}

/** The first K of each query among the rows that live. */
async function nearest(
  base: Buffer,
  rows: number,
  dead: ReadonlySet<number>,
  queries: Uint8Array,
): Promise<Uint32Array> {
  const live = Array.from({ length: rows }, (_, row) => row).filter((row) => !dead.has(row));
  const vectors = new Uint8Array(live.length * DIM);
  for (const [at, row] of live.entries()) vectors.set(base.subarray(row * DIM, (row + 1) * DIM), at * DIM);
  const scan = createExactScan('l2', 'u8', DIM, queries, QUERIES, K, THREADS);
  await scan.add(vectors, live.length, 0);
  const found = scan.result().rows.map((at) => live[at] ?? constants.noRow);
  scan.close();
  return found;
}

async function recallOf(segment: NativeSegment, queries: Uint8Array, truth: Uint32Array): Promise<number> {
  const snapshot: NativeSnapshot = store.createSnapshot({ segments: [segment], deltas: [], dead: new Uint32Array(0) });
  const params = { k: K, listSize: LIST_SIZE, rerank: 0, exact: false, approximate: false, costs: false };
  const { rows } = await snapshot.search(queries, QUERIES, params, null);
  snapshot.close();
  let right = 0;
  for (let query = 0; query < QUERIES; query += 1) {
    const wanted = new Set(truth.subarray(query * K, (query + 1) * K));
    for (const row of rows.subarray(query * K, (query + 1) * K)) right += wanted.has(row) ? 1 : 0;
  }
  return right / (QUERIES * K);
}

const stage = (name: keyof NativeMergeReport['seconds']): Column<Row> => ({
  title: name,
  cell: ({ report }) => rounded(report.seconds[name] ?? 0, 3),
});

const columns: Column<Row>[] = [
  { title: 'merge', cell: ({ name }) => name },
  stage('total'),
  { title: 'processor', cell: ({ processorSeconds }) => rounded(processorSeconds, 3) },
  ...(['read', 'train', 'repair', 'graph', 'reorder', 'write'] as const).map(stage),
  { title: 'planned', cell: ({ planned }) => formatBytes(planned) },
  { title: 'bits/edge', cell: ({ report }) => rounded(report.bitsPerEdge, 4) },
  { title: 'recall', cell: ({ recall }) => rounded(recall, 4) },
];

const [rows = '100000', folder = join(projectRoot(), '..', 'shared', 'data')] = process.argv.slice(2);
await bench(Number(rows), folder);
