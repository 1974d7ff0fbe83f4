// usearch (npm `usearch`): HNSW, loaded into RAM, or its file mapped (`view`). Vectors are kept as bf16, which holds
// whole numbers up to 256, or as f16 where that is what they are.
import { join } from 'node:path';
import type { Metric } from '../../src/index.js';
import { each, numberOf, type OpenTask, type Peer, type PeerTask } from './peer.js';

interface UsearchIndex {
  add(keys: BigUint64Array, vectors: Float32Array, threads?: number): void;
  search(vectors: Float32Array, k: number, threads?: number): { keys: BigUint64Array; counts?: BigUint64Array };
  save(path: string): void;
  load(path: string): void;
  view(path: string): void;
}

interface Usearch {
  Index: new (options: Record<string, unknown>) => UsearchIndex;
}

const METRICS: Readonly<Partial<Record<Metric, string>>> = { l2: 'l2sq', cosine: 'cos', dot: 'ip' };
const BLOCK_ROWS = 4096;

const fileOf = (folder: string): string => join(folder, 'index.usearch');

function create(task: PeerTask, build: { m: number; ef: number }, expansion: number): UsearchIndex {
  const { Index } = task.load('usearch') as Usearch;
  const metric = METRICS[task.metric];
  if (metric === undefined) throw new Error(`usearch has no metric ${task.metric}`);
  return new Index({
    dimensions: task.dim,
    metric,
    quantization: task.element === 'f16' ? 'f16' : 'bf16',
    connectivity: build.m,
    expansion_add: build.ef,
    expansion_search: expansion,
    multi: false,
  });
}

function usearchPeer(name: string, way: 'load' | 'view'): Peer {
  return {
    name,
    kind: way === 'load' ? 'ram' : 'mmap',
    package: 'usearch',
    ...(way === 'view' ? { sharesIndexOf: 'usearch' } : {}),
    builds: () => [
      { m: 16, ef_construction: 128 },
      { m: 32, ef_construction: 200 },
    ],
    sweep: () => each('ef', [10, 16, 24, 32, 48, 64, 96, 128, 192, 320, 512]),
    async build(task) {
      const build = { m: numberOf(task.settings, 'm'), ef: numberOf(task.settings, 'ef_construction') };
      const index = create(task, build, 64);
      for await (const { firstRow, rows, data } of task.blocks(BLOCK_ROWS)) {
        const keys = BigUint64Array.from({ length: rows }, (_, at) => BigInt(firstRow + at));
        index.add(keys, data, task.threads);
      }
      index.save(fileOf(task.folder));
    },
    async open(task: OpenTask) {
      const build = { m: numberOf(task.build, 'm'), ef: numberOf(task.build, 'ef_construction') };
      // The width of a search is fixed when the index is opened.
      const index = create(task, build, numberOf(task.settings, 'ef'));
      index[way](fileOf(task.folder));
      return {
        search: (query) => index.search(query, task.k, 1).keys,
        searchBatch: async (queries) => index.search(queries, task.k, task.threads).keys,
        close: () => undefined,
      };
    },
  };
}

export const usearch = usearchPeer('usearch', 'load');
export const usearchView = usearchPeer('usearch-view', 'view');
