// Suites `readers` and `caches`: the ways to read pages, beside each other; and what a page cache of each size saves, for
// queries that are all different and for queries of which some come again and again.
import { join } from 'node:path';
import { openVectorSource, readRows } from '../../src/source/vector-source.js';
import { createVectorWriter } from '../../src/source/vector-writer.js';
import { seededRandom } from '../../tools/random.js';
import type { SearchDocument } from '../../tools/search-document.js';
import { vamana } from '../commands.js';
import { cutDataSet, type DataSet } from '../data-sets.js';
import type { SuiteResult } from '../document.js';
import { dropPageCache } from '../page-cache.js';
import { zipfPicks } from '../random.js';
import type { Suite, SuiteContext } from '../suite.js';
import { buildOf, searchFiles } from '../sweeps.js';

const QUICK_ROWS = 100_000;
const QUICK_QUERIES = 3000;
const LIST_SIZE = '80';

async function builtIndex(context: SuiteContext): Promise<{ set: DataSet; index: string }> {
  const { main } = context.data;
  const set = context.full ? main : await cutDataSet(main, QUICK_ROWS, QUICK_QUERIES);
  const index = join(context.folder, 'index');
  context.tell(`building an index of ${set.name}`);
  await buildOf(set, index);
  return { set, index };
}

function search(index: string, files: readonly string[], options: readonly string[]): Promise<SearchDocument> {
  dropPageCache();
  return vamana<SearchDocument>(['search', '--index', index, ...files, '--list-size', LIST_SIZE, ...options]);
}

async function runReaders(context: SuiteContext): Promise<SuiteResult> {
  const { set, index } = await builtIndex(context);
  const found: SearchDocument[] = [];
  for (const threads of new Set([1, context.threads])) {
    for (const io of ['uring', 'pread', 'mmap']) {
      found.push(await search(index, searchFiles(set), ['--io', io, '--cache', '0', '--threads', `${threads}`]));
    }
  }
  return {
    notes: [
      `${set.name}, list size ${LIST_SIZE}, no page cache of ours. mmap reads through the system's cache, so that pages stay in memory where there is room; the others read past it.`,
    ],
    tables: [
      {
        title: 'Ways to read',
        columns: [
          'reader',
          'threads',
          'recall',
          'qps',
          'mean us',
          'p99 us',
          'reads',
          'read us',
          'peak MB',
          'mapped MB',
        ],
        rows: found.map(
          ({ params, recall_at_k: recall, qps, latency_us: latency, per_query: cost, memory_bytes: memory }) => [
            params.io,
            params.threads,
            recall,
            Math.round(qps),
            Math.round(latency.mean),
            Math.round(latency.p99),
            cost.reads,
            cost.read_us,
            Math.round(memory.rss_peak / 1e6),
            Math.round(memory.mapped / 1e6),
          ],
        ),
      },
    ],
    charts: [],
    raw: found,
  };
}

const ASKED_PER_QUERY = 4;
const SEED = 1;

/** A file of queries taken again: each as likely as the others, or the first ones much more often. */
async function askedAgain(set: DataSet, context: SuiteContext, kind: 'uniform' | 'zipf'): Promise<string> {
  const source = await openVectorSource(set.queries);
  const path = join(context.folder, `${kind}.${source.format}`);
  try {
    const { dim, rows, element } = source;
    const data = await readRows(source);
    const random = seededRandom(SEED);
    const count = rows * ASKED_PER_QUERY;
    const picks =
      kind === 'zipf'
        ? zipfPicks(count, rows, random)
        : Uint32Array.from({ length: count }, () => Math.floor(random() * rows));
    const asked = data.slice(0, 0).constructor as new (length: number) => typeof data;
    const chosen = new asked(count * dim);
    for (const [at, pick] of picks.entries()) chosen.set(data.subarray(pick * dim, (pick + 1) * dim), at * dim);
    const writer = await createVectorWriter(path, { dim, element, force: true });
    await writer.write(chosen);
    await writer.finish();
    return path;
  } finally {
    source.close();
  }
}

async function runCaches(context: SuiteContext): Promise<SuiteResult> {
  const { set, index } = await builtIndex(context);
  const sizes = context.full ? [0, 4, 16, 64, 128] : [0, 1, 4, 16];
  const found: { kind: string; megabytes: number; document: SearchDocument }[] = [];
  for (const kind of ['uniform', 'zipf'] as const) {
    const queries = await askedAgain(set, context, kind);
    for (const megabytes of sizes) {
      const options = ['--cache', `${megabytes}MB`, '--threads', '1'];
      found.push({ kind, megabytes, document: await search(index, ['--queries', queries], options) });
    }
  }
  const share = ({ per_query: cost }: SearchDocument): number => cost.cache_hits / (cost.cache_hits + cost.reads);
  return {
    notes: [
      `${set.name}: vectors of ${Math.round((set.rows * set.dim) / 1e5) / 10} million elements, list size ${LIST_SIZE}, one thread. ${ASKED_PER_QUERY} times as many queries as the set has, drawn evenly (uniform) or in proportion to 1 / rank (zipf).`,
    ],
    tables: [
      {
        title: 'Page cache',
        columns: ['queries', 'cache MB', 'hit rate', 'reads', 'qps', 'mean us', 'p99 us'],
        rows: found.map(({ kind, megabytes, document }) => [
          kind,
          megabytes,
          Math.round(share(document) * 1e4) / 1e4,
          document.per_query.reads,
          Math.round(document.qps),
          Math.round(document.latency_us.mean),
          Math.round(document.latency_us.p99),
        ]),
      },
    ],
    charts: [
      {
        title: 'Pages read from the device',
        x: { label: 'cache, MB', least: 0 },
        y: { label: '4 KiB pages a query', least: 0 },
        series: ['uniform', 'zipf'].map((kind) => ({
          name: kind,
          points: found
            .filter((one) => one.kind === kind)
            .map(({ megabytes, document }) => ({ x: megabytes, y: document.per_query.reads })),
        })),
      },
    ],
    raw: found,
  };
}

export const readersSuite: Suite = { name: 'readers', title: 'Page readers', quick: true, run: runReaders };
export const cachesSuite: Suite = {
  name: 'caches',
  title: 'Page cache under uniform and Zipf queries',
  quick: true,
  run: runCaches,
};
