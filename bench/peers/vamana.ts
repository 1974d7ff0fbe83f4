// This project as one of the peers, through its library as anybody calls it: without a page cache, with the default
// one, and its exact scan as the baseline.
import { join } from 'node:path';
import { buildIndex, openIndex, type SearchOptions } from '../../src/index.js';
import { CACHE_BYTES_DEFAULT } from '../../src/segment/open-index.js';
import { each, numberOf, type OpenedPeer, type OpenTask, type Peer, type Settings } from './peer.js';

const BATCH = 256;
const BATCHES_IN_FLIGHT = 16;
const LIST_SIZES = [12, 16, 20, 30, 40, 60, 80, 120, 200, 320];

const indexOf = (folder: string): string => join(folder, 'index');

function vamanaPeer(name: string, cacheBytes: number, exact: boolean, sharesIndexOf?: string): Peer {
  return {
    name,
    kind: 'ssd',
    package: null,
    ...(sharesIndexOf === undefined ? {} : { sharesIndexOf }),
    builds: () => [{ degree: 24, code_bytes: 68 }],
    sweep: () => (exact ? [{ exact: 1 }] : each('list_size', LIST_SIZES)),
    async build({ file, folder, metric, settings, threads }) {
      const [degree, codeBytes] = [numberOf(settings, 'degree'), numberOf(settings, 'code_bytes')];
      await buildIndex({ data: file, index: indexOf(folder), metric, degree, codeBytes, threads });
    },
    open: (task) => open(task, cacheBytes, exact),
  };
}

async function open(task: OpenTask, cacheBytes: number, exact: boolean): Promise<OpenedPeer> {
  const { k, dim, threads } = task;
  const index = await openIndex(indexOf(task.folder), { threads, cacheBytes });
  const optionsOf = (settings: Settings): SearchOptions =>
    exact ? { k, exact } : { k, listSize: numberOf(settings, 'list_size') };
  let options = optionsOf(task.settings);
  return {
    search: async (query) => (await index.search(query, options)).rows,
    async searchBatch(queries, count) {
      const ids = new Uint32Array(count * k);
      let next = 0;
      const lane = async (): Promise<void> => {
        for (let first = next; first < count; first = next) {
          const end = Math.min(count, first + BATCH);
          next = end;
          const { rows } = await index.search(queries.subarray(first * dim, end * dim), options);
          ids.set(rows, first * k);
        }
      };
      await Promise.all(Array.from({ length: BATCHES_IN_FLIGHT }, lane));
      return ids;
    },
    use: (settings) => {
      options = optionsOf(settings);
    },
    close: () => index.close(),
  };
}

export const vamana = vamanaPeer('vamana', 0, false);
export const vamanaCached = vamanaPeer('vamana-cache', CACHE_BYTES_DEFAULT, false, 'vamana');
export const exactScan = vamanaPeer('exact-scan', 0, true, 'vamana');
