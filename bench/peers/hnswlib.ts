// hnswlib (npm `hnswlib-node`): HNSW over f32 in RAM. Its calls are synchronous and of one query, so it has no rows
// with several threads.
import { join } from 'node:path';
import type { Metric } from '../../src/index.js';
import { each, numberOf, type Peer, type PeerTask } from './peer.js';

interface HnswIndex {
  initIndex(maxElements: number, m: number, efConstruction: number, seed: number): void;
  addPoint(point: number[], label: number): void;
  writeIndexSync(path: string): void;
  readIndexSync(path: string): void;
  setEf(ef: number): void;
  searchKnn(query: number[], k: number): { neighbors: number[] };
}

interface HnswLib {
  HierarchicalNSW: new (space: string, dim: number) => HnswIndex;
}

const SPACES: Readonly<Partial<Record<Metric, string>>> = { l2: 'l2', cosine: 'cosine', dot: 'ip' };
const SEED = 100;
const BLOCK_ROWS = 1024;

function create({ load, metric, dim }: PeerTask): HnswIndex {
  const space = SPACES[metric];
  if (space === undefined) throw new Error(`hnswlib-node has no metric ${metric}`);
  const { HierarchicalNSW } = load('hnswlib-node') as HnswLib;
  return new HierarchicalNSW(space, dim);
}

export const hnswlib: Peer = {
  name: 'hnswlib',
  kind: 'ram',
  package: 'hnswlib-node',
  builds: () => [
    { m: 16, ef_construction: 200 },
    { m: 32, ef_construction: 200 },
  ],
  sweep: () => each('ef', [10, 16, 24, 32, 48, 64, 96, 128, 192, 320, 512]),
  async build(task) {
    const index = create(task);
    index.initIndex(task.rows, numberOf(task.settings, 'm'), numberOf(task.settings, 'ef_construction'), SEED);
    for await (const { firstRow, rows, data } of task.blocks(BLOCK_ROWS)) {
      for (let row = 0; row < rows; row += 1) {
        index.addPoint(Array.from(data.subarray(row * task.dim, (row + 1) * task.dim)), firstRow + row);
      }
    }
    index.writeIndexSync(join(task.folder, 'index.hnsw'));
  },
  async open(task) {
    const index = create(task);
    index.readIndexSync(join(task.folder, 'index.hnsw'));
    index.setEf(numberOf(task.settings, 'ef'));
    return {
      search: (query) => index.searchKnn(Array.from(query), task.k).neighbors,
      use: (settings) => index.setEf(numberOf(settings, 'ef')),
      close: () => undefined,
    };
  },
};
