// `npm run demo`: builds two small indexes of real data from the bundled sample, searches them with every
// reader this machine has, and shows what a search by meaning finds. Leaves the indexes in build/demo, so that
// the commands it ends with work as they stand.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { VamanaError } from '../src/errors.js';
import { buildIndex, type IoKind, type Metric, openIndex } from '../src/index.js';
import { type Column, formatNumber, formatSeconds, printLine, printTable } from './output.js';
import { loadQueries, loadTruth } from './queries.js';
import { action, createProgram, run } from './run.js';
import type { SearchDocument } from './search-document.js';
import { runSearch } from './search-run.js';
import { projectRoot } from './tree.js';

interface DataSet {
  name: string;
  what: string;
  base: string;
  queries: string;
  truth: string;
  metric: Metric;
}

interface Line {
  set: string;
  document: SearchDocument;
}

interface Payload {
  lemmas: string[];
  gloss: string;
}

const SAMPLE = join(projectRoot(), 'test', 'sample');
const OUTPUT = join(projectRoot(), 'build', 'demo');
const READERS: readonly IoKind[] = ['uring', 'pread', 'mmap'];
const LIST_SIZES = [20, 40, 80];
const K = 10;

/** A dish that the sample does not hold; its neighbours are dishes too. */
const GLOSS_QUERY = 17;
const WORDS_SHOWN = 5;

const SIFT: DataSet = {
  name: 'sift',
  what: 'SIFT descriptors of photographs',
  base: 'sift-4k.base.u8bin',
  queries: 'sift-4k.query.u8bin',
  truth: 'sift-4k.gt100.ivecs',
  metric: 'l2',
};

const GLOSS: DataSet = {
  name: 'gloss',
  what: 'meanings of the words of WordNet',
  base: 'gloss-4k.base.f16.npy',
  queries: 'gloss-4k.query.f16.npy',
  truth: 'gloss-4k.gt100.ivecs',
  metric: 'cosine',
};

const COLUMNS: readonly Column<Line>[] = [
  { title: 'data', cell: ({ set }) => set },
  { title: 'reader', cell: ({ document }) => document.params.io },
  { title: 'list', cell: ({ document }) => document.params.list_size },
  { title: `recall@${K}`, cell: ({ document }) => document.recall_at_k?.toFixed(4), align: 'right' },
  { title: 'mean us', cell: ({ document }) => Math.round(document.latency_us.mean) },
  { title: 'p99 us', cell: ({ document }) => Math.round(document.latency_us.p99) },
  { title: 'reads/query', cell: ({ document }) => document.per_query.reads.toFixed(1), align: 'right' },
  { title: 'queries/s', cell: ({ document }) => Math.round(document.qps) },
];

async function demo(signal: AbortSignal): Promise<void> {
  mkdirSync(OUTPUT, { recursive: true });
  const lines: Line[] = [];
  for (const set of [SIFT, GLOSS]) {
    await build(set, signal);
    for (const io of READERS) lines.push(...(await measure(set, io, signal)));
  }
  printLine('\nSearches, one thread, no page cache, against exact truth:\n');
  printTable(lines, COLUMNS);
  await showWords();
  showNext();
}

async function build(set: DataSet, signal: AbortSignal): Promise<void> {
  rmSync(folderOf(set), { recursive: true, force: true });
  const report = await buildIndex({
    data: join(SAMPLE, set.base),
    index: folderOf(set),
    metric: set.metric,
    signal,
  });
  const facts = `${formatNumber(report.rows)} x ${report.dim}, ${set.metric}, built in ${formatSeconds(report.seconds.total)}`;
  printLine(`${set.name}: ${set.what}, ${facts}, ${formatNumber(report.bitsPerEdge)} bits/edge`);
}

// Empty where the machine refuses the reader.
async function measure(set: DataSet, io: IoKind, signal: AbortSignal): Promise<Line[]> {
  const lines: Line[] = [];
  try {
    const index = await openIndex(folderOf(set), { io, threads: 1, cacheBytes: 0 });
    try {
      const queries = await loadQueries(join(SAMPLE, set.queries), index.info);
      const truth = await loadTruth(join(SAMPLE, set.truth), queries.count, K);
      for (const listSize of LIST_SIZES) {
        const settings = {
          k: K,
          listSize,
          rerank: 'auto',
          scores: 'exact',
          exact: false,
          threads: 1,
          cacheBytes: 0,
        } as const;
        const { document } = await runSearch({ index, dir: folderOf(set), queries, truth, settings, signal });
        lines.push({ set: set.name, document });
      }
    } finally {
      await index.close();
    }
  } catch (error) {
    if (!(error instanceof VamanaError) || error.code !== 'UNSUPPORTED') throw error;
    printLine(`${io}: left out: ${error.message}`);
  }
  return lines;
}

async function showWords(): Promise<void> {
  const payloads = gunzipSync(readFileSync(join(SAMPLE, 'gloss-4k.payload.jsonl.gz')))
    .toString('utf8')
    .split('\n');
  const index = await openIndex(folderOf(GLOSS), { io: 'auto', threads: 1, cacheBytes: 0 });
  try {
    const { data, dim } = await loadQueries(join(SAMPLE, GLOSS.queries), index.info);
    const query = data.subarray(GLOSS_QUERY * dim, (GLOSS_QUERY + 1) * dim);
    const { rows, distances } = await index.search(query, { k: WORDS_SHOWN });
    printLine(`\nQuery ${GLOSS_QUERY} of gloss is the vector of a word that is not in the index. Nearest to it:\n`);
    const found = Array.from(rows, (row, at) => ({
      distance: distances[at] ?? Number.NaN,
      ...payloadOf(payloads, row),
    }));
    printTable(found, [
      { title: 'distance', cell: ({ distance }) => distance.toFixed(4), align: 'right' },
      { title: 'words', cell: ({ lemmas }) => lemmas.join(', ') },
      { title: 'meaning', cell: ({ gloss }) => gloss },
    ]);
  } finally {
    await index.close();
  }
}

function payloadOf(lines: readonly string[], row: number): Payload {
  return JSON.parse(lines[row] ?? '') as Payload;
}

function showNext(): void {
  const sample = relative(process.cwd(), SAMPLE) || '.';
  const sift = relative(process.cwd(), folderOf(SIFT)) || '.';
  printLine('\nTry next:\n');
  printLine(`  npx vamana inspect ${sift}`);
  printLine(`  npx vamana verify ${sift}`);
  printLine(
    `  npx vamana bench --index ${sift} --queries ${sample}/${SIFT.queries} --truth ${sample}/${SIFT.truth} --report bench.html`,
  );
  printLine('  npx vamana doctor');
  printLine('  npx vamana build --data YOUR.fvecs --index YOUR.index    (npx vamana build --help)');
}

function folderOf(set: DataSet): string {
  return join(OUTPUT, set.name);
}

const program = createProgram()
  .name('demo')
  .description('build and search two small indexes of real data')
  .action(action(async (_options, { signal }) => demo(signal)));
process.exitCode = await run(program, process.argv);
