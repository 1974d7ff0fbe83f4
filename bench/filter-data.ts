// Collections for bench/filters.ts, made once of the real data and kept under bench/out/filters: gloss-lsa-117k with its
// payloads, and photo-sift-1m with labels of its own. One segment each, and every field that filters ask for indexed.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Collection, type Database, type FieldType, open, type PointInput } from '../src/index.js';
import { halvesToFloats } from '../src/source/half.js';
import { readLines } from '../src/source/lines.js';
import { openVectorSource, readRows } from '../src/source/vector-source.js';
import { printLine } from '../tools/output.js';
import { linearRandom } from '../tools/random.js';

export interface FilterSet {
  name: string;
  collection: Collection;
  database: Database;
  queries: Float32Array[];
  /** Of each query the true nearest points, without a filter. */
  neighbours: number[][];
}

interface Source {
  base: string;
  query: string;
  truth: string;
  metric: 'l2' | 'cosine';
  element: 'u8' | 'f16';
  fields: Record<string, FieldType>;
  payloads(dir: string): AsyncGenerator<Record<string, unknown>, void>;
}

const PHOTO_ROWS = 1_000_000;
const PHOTO_DIM = 128;
/** Of numbers that rank points: shares of them are ranges. */
export const RANKS = 10_000;
/** The row that ranks of `near` are by the distance to. */
const PIVOT_ROW = 123_456;

const SOURCES: Record<string, Source> = {
  gloss: {
    base: 'gloss-lsa-117k.base.f16.npy',
    query: 'gloss-lsa-117k.query.f16.npy',
    truth: 'gloss-lsa-117k.gt100.ivecs',
    metric: 'cosine',
    element: 'f16',
    fields: { lexname: 'keyword', pos: 'keyword', capitalised: 'bool', pointers: 'integer', gloss_words: 'integer' },
    payloads: glossPayloads,
  },
  photo: {
    base: 'photo-sift-1m.base.u8bin',
    query: 'photo-sift-1m.query.u8bin',
    truth: 'photo-sift-1m.gt100.ivecs',
    metric: 'l2',
    element: 'u8',
    fields: { any: 'integer', near: 'integer', label: 'keyword' },
    payloads: photoPayloads,
  },
};

const DELTA_BYTES = 4_000_000_000;
const BATCH = 500;

/** Makes the collection when it is missing. */
export async function openFilterSet(name: string, data: string, output: string): Promise<FilterSet> {
  const source = SOURCES[name] as Source;
  const dir = join(output, name);
  if (!existsSync(join(dir, 'collections', name))) await make(name, source, data, dir);
  const database = await open(dir, { cacheBytes: 0, threads: 1 });
  const collection = await database.collection(name);
  await collection.fieldIndexesBuilt();
  return {
    name,
    database,
    collection,
    queries: await readQueries(join(data, source.query)),
    neighbours: await readNeighbours(join(data, source.truth)),
  };
}

async function make(name: string, source: Source, data: string, dir: string): Promise<void> {
  printLine(`${name}: making the collection, once`);
  rmSync(dir, { recursive: true, force: true });
  const making = { deltaRows: 2_000_000, deltaBytes: DELTA_BYTES, buildThreads: 2, sync: 'none' } as const;
  const database = await open(`${dir}.making`, making);
  const base = await openVectorSource(join(data, source.base));
  try {
    const { dim } = base;
    const { metric, element } = source;
    const collection = await database.createCollection(name, { dim, metric, element });
    const payloads = source.payloads(data);
    let points: PointInput[] = [];
    for await (const { firstRow, rows, data: window } of base.windows()) {
      for (let at = 0; at < rows; at += 1) {
        const { value: payload } = await payloads.next();
        const vector = window.subarray(at * dim, (at + 1) * dim);
        const floats = vector instanceof Uint16Array ? halvesToFloats(vector) : Float32Array.from(vector);
        points.push({ id: firstRow + at, vector: floats, ...(payload ? { payload } : {}) });
        if (points.length < BATCH) continue;
        await collection.upsert(points);
        points = [];
      }
    }
    if (points.length > 0) await collection.upsert(points);
    for (const [key, type] of Object.entries(source.fields)) await (await collection.createFieldIndex(key, type)).built;
    await collection.flush();
  } finally {
    base.close();
    await database.close();
  }
  const { renameSync } = await import('node:fs');
  renameSync(`${dir}.making`, dir);
}

async function* glossPayloads(data: string): AsyncGenerator<Record<string, unknown>, void> {
  for await (const { text } of readLines(join(data, 'gloss-lsa-117k.payload.jsonl.gz'))) yield JSON.parse(text);
}

// `any` has nothing to do with where a point lies, `near` is its rank by distance to one of them, and labels are as
// frequent as words are.
async function* photoPayloads(data: string): AsyncGenerator<Record<string, unknown>, void> {
  const source = await openVectorSource(join(data, 'photo-sift-1m.base.u8bin'));
  let near: Uint16Array;
  try {
    near = await ranksByDistance((await readRows(source, 0, PHOTO_ROWS)) as Uint8Array);
  } finally {
    source.close();
  }
  const random = linearRandom(7);
  for (let row = 0; row < PHOTO_ROWS; row += 1) {
    const label = `l${Math.floor(Math.exp(random() * Math.log(1000)))}`;
    yield { any: Math.floor(random() * RANKS), near: near[row] as number, label };
  }
}

async function ranksByDistance(vectors: Uint8Array): Promise<Uint16Array> {
  const distances = new Float64Array(PHOTO_ROWS);
  for (let row = 0; row < PHOTO_ROWS; row += 1) {
    let sum = 0;
    for (let at = 0; at < PHOTO_DIM; at += 1) {
      const off = (vectors[row * PHOTO_DIM + at] as number) - (vectors[PIVOT_ROW * PHOTO_DIM + at] as number);
      sum += off * off;
    }
    distances[row] = sum;
  }
  const order = Uint32Array.from({ length: PHOTO_ROWS }, (_, row) => row);
  order.sort((a, b) => (distances[a] as number) - (distances[b] as number) || a - b);
  const ranks = new Uint16Array(PHOTO_ROWS);
  for (const [rank, row] of order.entries()) ranks[row] = Math.floor((rank * RANKS) / PHOTO_ROWS);
  return ranks;
}

async function readQueries(path: string): Promise<Float32Array[]> {
  const source = await openVectorSource(path);
  try {
    const { dim } = source;
    const rows = await readRows(source);
    const floats = rows instanceof Uint16Array ? halvesToFloats(rows) : Float32Array.from(rows);
    return Array.from({ length: source.rows }, (_, at) => floats.subarray(at * dim, (at + 1) * dim));
  } finally {
    source.close();
  }
}

async function readNeighbours(path: string): Promise<number[][]> {
  const source = await openVectorSource(path);
  try {
    const rows = await readRows(source);
    return Array.from({ length: source.rows }, (_, at) =>
      Array.from(rows.subarray(at * source.dim, (at + 1) * source.dim)),
    );
  } finally {
    source.close();
  }
}
