// `npm run bench:variants -- SUITE [FOLDER]`: builds variants of an index of the real data in FOLDER (../shared/data)
// and tells what each needs for recall@10 of 0.95 and 0.99. Suites: `orders` of the rows, `ram` (degree against code
// bytes at equal bytes a row), `codes` (both codecs at 32, 64 and 128 bytes of 256 dimensions). Some minutes a
// variant; docs/choices.md has what was measured. Reads and recall do not depend on the machine, times do.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Column, formatNumber, printLine, printTable } from '../tools/output.js';
import type { IndexFacts, SearchDocument } from '../tools/search-document.js';
import { projectRoot } from '../tools/tree.js';

interface Suite {
  base: string;
  queries: string;
  truth: string;
  /** Options of every build. */
  common: string[];
  variants: string[][];
}

interface Sweep {
  index: IndexFacts;
  rows: SearchDocument[];
}

interface Row {
  variant: string;
  sweep: Sweep;
}

/** What a sweep needs for a recall, between the two list sizes around it. */
interface Needed {
  listSize: number;
  reads: number;
  walkUs: number;
}

const ROOT = projectRoot();
const OUTPUT = join(ROOT, 'bench', 'out', 'variants');
const LIST_SIZES = [20, 30, 40, 50, 60, 80, 100, 140, 200, 280, 400, 560];

const SIFT = {
  base: 'photo-sift-1m.base.u8bin',
  queries: 'photo-sift-1m.query.u8bin',
  truth: 'photo-sift-1m.gt100.ivecs',
  common: [],
};
const GLOSS = {
  base: 'gloss-lsa-117k.base.f16.npy',
  queries: 'gloss-lsa-117k.query.f16.npy',
  truth: 'gloss-lsa-117k.gt100.ivecs',
  common: ['--metric', 'cosine'],
};

const shape = (degree: number, codeBytes: number): string[] => [
  '--degree',
  `${degree}`,
  '--code-bytes',
  `${codeBytes}`,
];
const code = (name: string, bytes: number): string[] => ['--code', name, '--code-bytes', `${bytes}`];

// An edge costs about 12.6 bits: each line of `ram` is 108, then 85 bytes a row.
const suites: Record<string, Suite> = {
  orders: { ...SIFT, variants: ['bfs', 'kmeans', 'bisection'].map((order) => ['--order', order]) },
  ram: {
    ...SIFT,
    variants: [
      ...[shape(16, 84), shape(24, 68), shape(32, 58), shape(48, 34)],
      ...[shape(16, 60), shape(24, 45), shape(32, 36), shape(44, 16)],
    ],
  },
  codes: { ...GLOSS, variants: [36, 68, 132].flatMap((bytes) => [code('pq', bytes - 4), code('rabitq', bytes)]) },
};

function bench(suite: Suite, folder: string): void {
  mkdirSync(OUTPUT, { recursive: true });
  const rows: Row[] = [];
  for (const options of suite.variants) {
    const index = join(OUTPUT, 'index');
    rmSync(index, { recursive: true, force: true });
    vamana('build', '--data', join(folder, suite.base), '--index', index, ...suite.common, ...options);
    const files = ['--queries', join(folder, suite.queries), '--truth', join(folder, suite.truth)];
    const sweep = vamana(
      'bench',
      '--index',
      index,
      ...files,
      '--k',
      '10',
      '--sweep',
      LIST_SIZES.join(),
      '--cache',
      '0',
      '--threads',
      '2',
    );
    rmSync(index, { recursive: true, force: true });
    rows.push({ variant: options.join(' '), sweep: sweep as Sweep });
    printTable(rows, columns);
  }
}

function needed(sweep: Sweep, recall: number): Needed | undefined {
  const at = sweep.rows.findIndex((row) => (row.recall_at_k ?? 0) >= recall);
  const above = sweep.rows[at];
  const below = sweep.rows[at - 1];
  if (above === undefined) return undefined;
  if (below === undefined) return fromRow(above);
  const low = below.recall_at_k ?? 0;
  const part = (recall - low) / ((above.recall_at_k ?? 1) - low);
  const [from, to] = [fromRow(below), fromRow(above)];
  const between = (pick: (of: Needed) => number): number => pick(from) + part * (pick(to) - pick(from));
  return {
    listSize: between(({ listSize }) => listSize),
    reads: between(({ reads }) => reads),
    walkUs: between(({ walkUs }) => walkUs),
  };
}

const fromRow = (row: SearchDocument): Needed => ({
  listSize: row.params.list_size,
  reads: row.per_query.reads,
  walkUs: row.per_query.walk_us,
});

// Progress and errors of the command go to stderr, which is passed on.
function vamana(...args: string[]): unknown {
  const command = join(ROOT, 'dist', 'tools', 'vamana.js');
  printLine(`vamana ${args.join(' ')}`);
  const output = execFileSync(process.execPath, [command, ...args, '--json'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(output) as unknown;
}

const columns: Column<Row>[] = [
  { title: 'variant', cell: ({ variant }) => variant },
  { title: 'code', cell: ({ sweep }) => sweep.index.code },
  { title: 'bits/edge', cell: ({ sweep }) => sweep.index.bits_per_edge },
  { title: 'bytes/row', cell: ({ sweep }) => bytesPerRow(sweep) },
  ...[0.95, 0.99].flatMap((recall): Column<Row>[] => [
    { title: `L ${recall}`, cell: ({ sweep }) => show(needed(sweep, recall)?.listSize, 0) },
    { title: `reads ${recall}`, cell: ({ sweep }) => show(needed(sweep, recall)?.reads, 2) },
    { title: `walk us ${recall}`, cell: ({ sweep }) => show(needed(sweep, recall)?.walkUs, 0) },
  ]),
];

function bytesPerRow({ index, rows }: Sweep): string {
  const memory = rows[0]?.memory_bytes;
  return memory === undefined ? '' : formatNumber((memory.graph + memory.codes) / index.rows);
}

function show(value: number | undefined, digits: number): string {
  return value === undefined ? 'not reached' : value.toFixed(digits);
}

const [name = 'orders', folder] = process.argv.slice(2);
const suite = suites[name];
if (suite === undefined) throw new Error(`found suite '${name}', expected one of ${Object.keys(suites).join(', ')}`);
bench(suite, folder ?? join(ROOT, '..', 'shared', 'data'));
