// Suites `orders`, `ram` and `codes`: what variants of an index need for recall@10 of 0.95 and 0.99: orders of the rows,
// degree against code bytes at equal bytes a row, both codecs at equal bytes. Reads, recall, bits and bytes do not
// depend on the machine. docs/choices.md has what was measured at full size.
import { join } from 'node:path';
import { rounded } from '../../tools/output.js';
import { vamana } from '../commands.js';
import { cutDataSet, type DataSet } from '../data-sets.js';
import type { SuiteResult, Table } from '../document.js';
import type { Suite, SuiteContext } from '../suite.js';
import { buildOf, bytesPerRow, neededFor, type Sweep, searchFiles } from '../sweeps.js';

interface Variants {
  /** On the words, where they are, instead of the main set. */
  onWords?: true;
  options(dim: number): string[][];
  quickRows: number;
}

const LIST_SIZES = [20, 30, 40, 50, 60, 80, 100, 140, 200, 280, 400, 560];
const QUICK_QUERIES = 1000;
const RECALLS = [0.95, 0.99];

const shape = (degree: number, codeBytes: number): string[] => [
  '--degree',
  `${degree}`,
  '--code-bytes',
  `${codeBytes}`,
];

async function run(variants: Variants, context: SuiteContext): Promise<SuiteResult> {
  const { main, words = main } = context.data;
  const whole = variants.onWords === true ? words : main;
  const set = context.full ? whole : await cutDataSet(whole, variants.quickRows, QUICK_QUERIES);
  const sweeps: { variant: string; sweep: Sweep }[] = [];
  for (const options of variants.options(set.dim)) {
    context.tell(options.join(' '));
    sweeps.push({ variant: options.join(' '), sweep: await sweepOf(set, options, context) });
  }
  return {
    notes: [
      `${set.name}: ${set.rows} x ${set.dim} ${set.element}, ${set.metric}, ${set.queryCount} queries; no page cache, ${context.threads} threads.`,
    ],
    tables: [tableOf(sweeps)],
    charts: [
      {
        title: 'Reads',
        x: { label: 'recall@10', least: 0, most: 1 },
        y: { label: '4 KiB pages a query', log: true },
        series: sweeps.map(({ variant, sweep }) => ({
          name: variant.replaceAll('--', ''),
          points: sweep.rows.map((row) => ({ x: row.recall_at_k ?? Number.NaN, y: row.per_query.reads })),
        })),
      },
    ],
    raw: sweeps,
  };
}

async function sweepOf(set: DataSet, options: readonly string[], context: SuiteContext): Promise<Sweep> {
  const index = join(context.folder, 'index');
  await buildOf(set, index, options);
  const sweep = ['--k', '10', '--sweep', LIST_SIZES.join(), '--cache', '0', '--threads', `${context.threads}`];
  return vamana<Sweep>(['bench', '--index', index, ...searchFiles(set), ...sweep]);
}

function tableOf(sweeps: readonly { variant: string; sweep: Sweep }[]): Table {
  return {
    title: 'What a recall needs, between the list sizes around it',
    columns: [
      'variant',
      'code',
      'bits/edge',
      'bytes/row',
      ...RECALLS.flatMap((r) => [`list ${r}`, `reads ${r}`, `walk us ${r}`]),
    ],
    rows: sweeps.map(({ variant, sweep }) => {
      const [first] = sweep.rows;
      return [
        variant,
        sweep.index.code,
        sweep.index.bits_per_edge,
        first === undefined ? null : rounded(bytesPerRow(first), 5),
        ...RECALLS.flatMap((recall) =>
          [
            neededFor(sweep.rows, recall, (row) => row.params.list_size),
            neededFor(sweep.rows, recall, (row) => row.per_query.reads),
            neededFor(sweep.rows, recall, (row) => row.per_query.walk_us),
          ].map((value) => (value === null ? null : rounded(value, 4))),
        ),
      ];
    }),
  };
}

function suite(name: string, title: string, quick: boolean, variants: Variants): Suite {
  return { name, title, quick, run: (context) => run(variants, context) };
}

export const ordersSuite = suite('orders', 'Order of the rows, and bits an edge', true, {
  quickRows: 50_000,
  options: () => ['bfs', 'kmeans', 'bisection'].map((order) => ['--order', order]),
});

// An edge costs about 12.6 bits at a million rows: each line is 108, then 85 bytes a row of 128 dimensions.
export const ramSuite = suite('ram', 'RAM: edges or codes', false, {
  quickRows: 50_000,
  options: () => [
    ...[shape(16, 84), shape(24, 68), shape(32, 58), shape(48, 34)],
    ...[shape(16, 60), shape(24, 45), shape(32, 36), shape(44, 16)],
  ],
});

export const codesSuite = suite('codes', 'Codes at equal bytes', true, {
  onWords: true,
  quickRows: 20_000,
  // One, two and four bits a dimension with the scalar code's factors; product quantisation has no use for those.
  options: (dim) =>
    [1, 2, 4].flatMap((bits) => {
      const bytes = 4 + Math.ceil((dim * bits) / 8);
      return [
        ['--code', 'pq', '--code-bytes', `${bytes - 4}`],
        ['--code', 'rabitq', '--code-bytes', `${bytes}`],
      ];
    }),
});
