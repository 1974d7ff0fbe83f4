// LanceDB (npm `@lancedb/lancedb`): vectors in a columnar file on the disk, behind IVF with product-quantised codes, or
// behind HNSW over scalar ones. Searches return the ids of candidates that it ranks again on full vectors
// (refineFactor).
import type { Metric } from '../../src/index.js';
import { type BuildTask, numberOf, type OpenedPeer, type OpenTask, type Peer, type Settings } from './peer.js';

interface Query {
  distanceType(type: string): Query;
  nprobes(count: number): Query;
  refineFactor(factor: number): Query;
  ef(ef: number): Query;
  select(columns: string[]): Query;
  limit(count: number): Query;
  toArrow(): Promise<{ getChild(name: string): { toArray(): Int32Array } | null }>;
}

interface Table {
  add(rows: unknown): Promise<unknown>;
  optimize(): Promise<unknown>;
  createIndex(column: string, options: { config: unknown }): Promise<void>;
  vectorSearch(query: Float32Array): Query;
}

interface Lance {
  connect(folder: string): Promise<{
    createTable(name: string, rows: unknown): Promise<Table>;
    openTable(name: string): Promise<Table>;
  }>;
  Index: Record<'ivfPq' | 'hnswSq', (options: Record<string, unknown>) => unknown>;
}

type Make = new (...args: never[]) => object;

/** What is used of apache-arrow, whose own types are not installed here. */
interface Arrow {
  makeData(options: Record<string, unknown>): unknown;
  Field: new (name: string, type: object, nullable: boolean) => object;
  Schema: new (fields: object[]) => object;
  RecordBatch: new (schema: object, data: unknown) => object;
  Table: new (batches: object[]) => object;
  FixedSizeList: new (length: number, child: object) => object;
  Struct: new (fields: object[]) => object;
  Float32: Make;
  Int32: Make;
}

const DISTANCES: Readonly<Partial<Record<Metric, string>>> = { l2: 'l2', cosine: 'cosine', dot: 'dot' };
const BLOCK_ROWS = 50_000;
const TABLE = 'rows';

function distanceOf(metric: Metric): string {
  const distance = DISTANCES[metric];
  if (distance === undefined) throw new Error(`lancedb has no metric ${metric}`);
  return distance;
}

function tableOf(arrow: Arrow, dim: number, firstRow: number, rows: number, data: Float32Array): object {
  const item = new arrow.Field('item', new arrow.Float32(), true);
  const list = new arrow.FixedSizeList(dim, item);
  const fields = [new arrow.Field('id', new arrow.Int32(), false), new arrow.Field('vector', list, false)];
  const ids = arrow.makeData({
    type: new arrow.Int32(),
    data: Int32Array.from({ length: rows }, (_, i) => firstRow + i),
  });
  const child = arrow.makeData({ type: new arrow.Float32(), data });
  const vectors = arrow.makeData({ type: list, length: rows, nullCount: 0, child });
  const struct = arrow.makeData({
    type: new arrow.Struct(fields),
    length: rows,
    nullCount: 0,
    children: [ids, vectors],
  });
  return new arrow.Table([new arrow.RecordBatch(new arrow.Schema(fields), struct)]);
}

async function build(task: BuildTask, config: (lance: Lance) => unknown): Promise<void> {
  const lance = task.load('@lancedb/lancedb') as Lance;
  const arrow = task.load('apache-arrow') as Arrow;
  const database = await lance.connect(task.folder);
  let table: Table | undefined;
  for await (const { firstRow, rows, data } of task.blocks(BLOCK_ROWS)) {
    const block = tableOf(arrow, task.dim, firstRow, rows, data);
    if (table === undefined) table = await database.createTable(TABLE, block);
    else await table.add(block);
  }
  if (table === undefined) throw new Error('no rows');
  await table.optimize();
  await table.createIndex('vector', { config: config(lance) });
}

async function open(task: OpenTask, shape: (query: Query, settings: Settings) => Query): Promise<OpenedPeer> {
  const lance = task.load('@lancedb/lancedb') as Lance;
  const table = await (await lance.connect(task.folder)).openTable(TABLE);
  const distance = distanceOf(task.metric);
  let { settings } = task;
  const search = async (query: Float32Array): Promise<ArrayLike<number>> => {
    const plain = table.vectorSearch(query).distanceType(distance).select(['id']).limit(task.k);
    const found = await shape(plain, settings).toArrow();
    return found.getChild('id')?.toArray() ?? [];
  };
  const use = (next: Settings): void => {
    settings = next;
  };
  return { search, searchInFlight: search, use, close: () => undefined };
}

const partitionsOf = (rows: number): number => Math.max(1, Math.round(Math.sqrt(rows)));

export const lancedbIvfPq: Peer = {
  name: 'lancedb-ivf-pq',
  kind: 'ssd',
  package: '@lancedb/lancedb',
  builds: ({ rows, dim }) => [{ partitions: partitionsOf(rows), sub_vectors: Math.max(1, Math.floor(dim / 4)) }],
  // Both grow together; the frontier of all of them is its curve.
  sweep: () =>
    [
      [4, 3],
      [8, 5],
      [15, 5],
      [15, 10],
      [30, 10],
      [60, 10],
      [60, 20],
      [120, 20],
      [200, 40],
    ].map(([nprobes = 0, refine = 0]) => ({ nprobes, refine })),
  build: (task) =>
    build(task, ({ Index }) =>
      Index.ivfPq({
        distanceType: distanceOf(task.metric),
        numPartitions: numberOf(task.settings, 'partitions'),
        numSubVectors: numberOf(task.settings, 'sub_vectors'),
      }),
    ),
  open: (task) =>
    open(task, (query, settings) =>
      query.nprobes(numberOf(settings, 'nprobes')).refineFactor(numberOf(settings, 'refine')),
    ),
};

export const lancedbHnsw: Peer = {
  name: 'lancedb-hnsw-sq',
  kind: 'ssd',
  package: '@lancedb/lancedb',
  builds: () => [{ partitions: 1, m: 20, ef_construction: 300 }],
  sweep: () =>
    [
      [12, 1],
      [20, 1],
      [20, 2],
      [40, 2],
      [60, 3],
      [80, 4],
      [150, 4],
      [300, 5],
    ].map(([ef = 0, refine = 0]) => ({ ef, refine })),
  build: (task) =>
    build(task, ({ Index }) =>
      Index.hnswSq({
        distanceType: distanceOf(task.metric),
        numPartitions: numberOf(task.settings, 'partitions'),
        m: numberOf(task.settings, 'm'),
        efConstruction: numberOf(task.settings, 'ef_construction'),
      }),
    ),
  open: (task) =>
    open(task, (query, settings) => query.ef(numberOf(settings, 'ef')).refineFactor(numberOf(settings, 'refine'))),
};
