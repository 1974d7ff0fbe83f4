// zvec (npm `@zvec/zvec`): DiskANN, whose graph and vectors stay on the disk, and HNSW over the mapped or loaded file.
// Rows are inserted first and indexed by optimize(), as its documentation asks.
import { join } from 'node:path';
import type { Metric } from '../../src/index.js';
import { type BuildTask, each, numberOf, type OpenedPeer, type OpenTask, type Peer, type Settings } from './peer.js';

interface Found {
  id: string;
}

interface Collection {
  insertSync(rows: readonly object[]): { ok: boolean; message: string }[];
  optimizeSync(options: { concurrency: number }): void;
  querySync(query: object): Found[];
  query(query: object): Promise<Found[]>;
  closeSync(): void;
}

interface Zvec {
  ZVecInitialize(options: Record<string, unknown>): void;
  ZVecCollectionSchema: new (schema: object) => object;
  ZVecCreateAndOpen(path: string, schema: object): Collection;
  ZVecOpen(path: string, options: Record<string, unknown>): Collection;
  ZVecDataType: Record<string, number>;
  ZVecIndexType: Record<string, number>;
  ZVecMetricType: Record<string, number>;
  ZVecLogLevel: Record<string, number>;
}

const METRICS: Readonly<Partial<Record<Metric, string>>> = { l2: 'L2', cosine: 'COSINE', dot: 'IP' };
const FIELD = 'vector';
const BLOCK_ROWS = 1024;

type IndexKind = 'DISKANN' | 'HNSW';

const pathOf = (folder: string): string => join(folder, 'collection');

let started = false;

function loadZvec({ load, threads }: BuildTask | OpenTask): Zvec {
  const zvec = load('@zvec/zvec') as Zvec;
  // Once a process; its numbers of threads cannot be changed later.
  if (!started) {
    zvec.ZVecInitialize({ logLevel: zvec.ZVecLogLevel.ERROR, queryThreads: threads, optimizeThreads: threads });
    started = true;
  }
  return zvec;
}

async function build(task: BuildTask, kind: IndexKind, params: (settings: Settings) => object): Promise<void> {
  const zvec = loadZvec(task);
  const metric = METRICS[task.metric];
  if (metric === undefined) throw new Error(`zvec has no metric ${task.metric}`);
  const indexParams = {
    indexType: zvec.ZVecIndexType[kind],
    metricType: zvec.ZVecMetricType[metric],
    ...params(task.settings),
  };
  const vectors = { name: FIELD, dataType: zvec.ZVecDataType.VECTOR_FP32, dimension: task.dim, indexParams };
  const collection = zvec.ZVecCreateAndOpen(
    pathOf(task.folder),
    new zvec.ZVecCollectionSchema({ name: 'bench', vectors, fields: [] }),
  );
  for await (const { firstRow, rows, data } of task.blocks(BLOCK_ROWS)) {
    const documents = Array.from({ length: rows }, (_, row) => ({
      id: `${firstRow + row}`,
      vectors: { [FIELD]: data.slice(row * task.dim, (row + 1) * task.dim) },
    }));
    const failed = collection.insertSync(documents).find(({ ok }) => !ok);
    if (failed !== undefined) throw new Error(`insert: ${failed.message}`);
  }
  collection.optimizeSync({ concurrency: task.threads });
  collection.closeSync();
}

function open(task: OpenTask, kind: IndexKind, parameter: string): OpenedPeer {
  const zvec = loadZvec(task);
  const collection = zvec.ZVecOpen(pathOf(task.folder), { readOnly: true });
  const paramsOf = (settings: Settings): object => ({
    indexType: zvec.ZVecIndexType[kind],
    [parameter]: numberOf(settings, parameter),
  });
  let params = paramsOf(task.settings);
  const queryOf = (vector: Float32Array): object => ({
    fieldName: FIELD,
    topk: task.k,
    vector,
    outputFields: [],
    params,
  });
  const ids = (found: Found[]): number[] => found.map(({ id }) => Number(id));
  return {
    search: (query) => ids(collection.querySync(queryOf(query))),
    searchInFlight: async (query) => ids(await collection.query(queryOf(query))),
    use: (settings) => {
      params = paramsOf(settings);
    },
    close: () => collection.closeSync(),
  };
}

export const zvecDiskAnn: Peer = {
  name: 'zvec-diskann',
  kind: 'ssd',
  package: '@zvec/zvec',
  builds: ({ dim }) => [
    { maxDegree: 64, listSize: 100, pqChunkNum: Math.min(32, dim) },
    { maxDegree: 64, listSize: 100, pqChunkNum: Math.min(64, dim) },
  ],
  sweep: () => each('listSize', [12, 20, 30, 40, 60, 80, 120, 200, 320]),
  build: (task) => build(task, 'DISKANN', (settings) => settings),
  open: async (task) => open(task, 'DISKANN', 'listSize'),
};

export const zvecHnsw: Peer = {
  name: 'zvec-hnsw',
  kind: 'mmap',
  package: '@zvec/zvec',
  builds: () => [
    { m: 16, efConstruction: 200 },
    { m: 32, efConstruction: 200 },
  ],
  sweep: () => each('ef', [10, 16, 24, 32, 48, 64, 96, 128, 192, 320, 512]),
  build: (task) => build(task, 'HNSW', (settings) => settings),
  open: async (task) => open(task, 'HNSW', 'ef'),
};
