// Suites `limits` and `growth`: builds under ever lower memory limits, what they take and what the index is worth; and
// how memory by part grows with the rows, fitted, with what that means for 10^8 and 10^9.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../tools/tree.js';
import { rounded } from '../../tools/output.js';
import type { SearchDocument } from '../../tools/search-document.js';
import { runProgram, vamana } from '../commands.js';
import { fitLine } from '../curve.js';
import { cutDataSet, type DataSet } from '../data-sets.js';
import type { SuiteResult } from '../document.js';
import type { Suite, SuiteContext } from '../suite.js';
import { type BuildDocument, buildOf, searchFiles } from '../sweeps.js';

const LIST_SIZES = ['80', '280'];
const TIME = '/usr/bin/time';

interface Limited {
  limit: number | null;
  planned: string;
  /** What GNU time counted; null where it is not installed. */
  counted: number | null;
  build: BuildDocument;
  found: SearchDocument[];
}

async function runLimits(context: SuiteContext): Promise<SuiteResult> {
  const { main } = context.data;
  const set = context.full ? main : await cutDataSet(main, 100_000, 2000);
  const free = await limited(set, null, context);
  const least = await leastLimit(set, context);
  // Between what a build in memory takes and the least possible.
  const between = [0.8, 0.6]
    .map((part) => Math.round(free.build.rss_peak * part))
    .filter((limit) => limit > least * 1.1);
  const rows = [free];
  for (const limit of [...between, least]) rows.push(await limited(set, limit, context));
  return {
    notes: [
      `${set.name}: ${set.rows} x ${set.dim} ${set.element}. The limit holds for the whole process, Node included; the last one is the least that the build accepts.`,
    ],
    tables: [
      {
        title: 'Builds',
        columns: [
          ...['limit MB', 'planned', 'partitions', 'order', 'peak MB', 'peak MB (time)', 's', 'bits/edge', 'degree'],
          ...LIST_SIZES.flatMap((list) => [`recall, list ${list}`, `reads, list ${list}`]),
        ],
        rows: rows.map(({ limit, planned, counted, build, found }) => [
          limit === null ? 'none' : megabytes(limit),
          planned,
          build.partitions,
          build.order,
          megabytes(build.rss_peak),
          counted === null ? null : megabytes(counted),
          rounded(build.seconds.total, 4),
          rounded(build.bits_per_edge, 4),
          rounded(build.degree_mean, 4),
          ...found.flatMap((row) => [row.recall_at_k, row.per_query.reads]),
        ]),
      },
    ],
    charts: [],
    raw: rows,
  };
}

async function limited(set: DataSet, limit: number | null, context: SuiteContext): Promise<Limited> {
  context.tell(`limit ${limit ?? 'none'}`);
  const index = join(context.folder, 'index');
  rmSync(index, { recursive: true, force: true });
  const log = join(context.folder, 'time');
  const options = limit === null ? [] : ['--memory-limit', `${limit}`];
  const command = [join(projectRoot(), 'dist', 'tools', 'vamana.js'), 'build', '--data', set.base, '--index', index];
  const args = [process.execPath, ...command, '--metric', set.metric, ...options, '--json'];
  const timed = existsSync(TIME) ? [TIME, '-f', '%M', '-o', log, ...args] : args;
  const { stdout, stderr } = await runProgram(timed[0] ?? '', timed.slice(1));
  const found: SearchDocument[] = [];
  for (const list of LIST_SIZES) {
    const search = ['--list-size', list, '--cache', '0', '--threads', `${context.threads}`];
    found.push(await vamana<SearchDocument>(['search', '--index', index, ...searchFiles(set), ...search]));
  }
  return {
    limit,
    planned: /^total +(.*)$/m.exec(stderr)?.[1] ?? '',
    counted: existsSync(log) ? Number(readFileSync(log, 'utf8')) * 1024 : null,
    build: JSON.parse(stdout) as BuildDocument,
    found,
  };
}

/** What the command itself says when it is given next to nothing. */
async function leastLimit(set: DataSet, context: SuiteContext): Promise<number> {
  try {
    await buildOf(set, join(context.folder, 'none'), ['--memory-limit', '1']);
  } catch (error) {
    const least = /least possible limit for it is (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    if (least !== undefined) return Number(least);
    throw error;
  }
  throw new Error('a build within one byte succeeded');
}

const SIZES = { quick: [10_000, 30_000, 100_000], full: [100_000, 300_000, 1_000_000] };
const FAR = [1e8, 1e9];

interface Grown {
  rows: number;
  document: SearchDocument;
  build: BuildDocument;
}

async function runGrowth(context: SuiteContext): Promise<SuiteResult> {
  const { main } = context.data;
  const sizes = (context.full ? SIZES.full : SIZES.quick).filter((rows) => rows <= main.rows);
  // The sample has too few rows for any of them.
  const taken = sizes.length >= 2 ? sizes : [0.25, 0.5, 1].map((part) => Math.floor(main.rows * part));
  const grown: Grown[] = [];
  for (const rows of taken) {
    const set = await cutDataSet(main, rows, 1000);
    context.tell(`${rows} rows`);
    const index = join(context.folder, 'index');
    const build = await buildOf(set, index);
    const options = ['--list-size', '80', '--cache', '0', '--threads', '1'];
    const document = await vamana<SearchDocument>(['search', '--index', index, ...searchFiles(set), ...options]);
    grown.push({ rows, document, build });
  }
  return { ...growthResult(grown), raw: grown };
}

function growthResult(grown: readonly Grown[]): Pick<SuiteResult, 'notes' | 'tables' | 'charts'> {
  const parts = ['graph', 'codes', 'other', 'anonymous'] as const;
  const fits = parts.map((part) => ({
    part,
    line: fitLine(grown.map(({ rows, document }) => ({ x: rows, y: document.memory_bytes[part] }))),
  }));
  const bits = fitLine(grown.map(({ rows, document }) => ({ x: Math.log2(rows), y: document.index.bits_per_edge })));
  return {
    notes: [
      'Lines of least squares through the sizes measured: bytes a row, and what does not grow. `other` is anonymous memory beyond graph and codes: Node, scratch, queries and results.',
      `Bits an edge grow by ${rounded(bits.slope, 3)} a doubling of the rows, so the graph grows a little faster than its line; the last table reckons with that. Both are extrapolations far beyond what was measured.`,
    ],
    tables: [
      {
        title: 'Memory while searching, MB',
        columns: ['rows', ...parts, 'rss peak', 'bits/edge', 'bytes/row (graph + codes)'],
        rows: grown.map(({ rows, document: { memory_bytes: memory, index } }) => [
          rows,
          ...parts.map((part) => megabytes(memory[part])),
          megabytes(memory.rss_peak),
          index.bits_per_edge,
          rounded((memory.graph + memory.codes) / rows, 5),
        ]),
      },
      {
        title: 'Fitted',
        columns: ['part', 'bytes a row', 'fixed MB', 'worst distance of a point, %'],
        rows: fits.map(({ part, line }) => [
          part,
          rounded(line.slope, 4),
          megabytes(line.intercept),
          rounded(line.worst * 100, 2),
        ]),
      },
      {
        title: 'What that means, GB',
        columns: ['rows', 'graph', 'codes', 'all', 'bits/edge assumed'],
        rows: FAR.map((rows) => farRow(rows, grown, fits, bits)),
      },
    ],
    charts: [
      {
        title: 'Memory by part',
        x: { label: 'rows', log: true },
        y: { label: 'MB', log: true },
        series: parts.map((part) => ({
          name: part,
          points: grown.map(({ rows, document }) => ({ x: rows, y: document.memory_bytes[part] / 1e6 })),
        })),
      },
    ],
  };
}

function farRow(
  rows: number,
  grown: readonly Grown[],
  fits: readonly { part: string; line: { slope: number; intercept: number } }[],
  bits: { slope: number; intercept: number },
): number[] {
  const last = grown.at(-1);
  if (last === undefined) throw new Error('nothing was measured');
  const edgeBits = bits.intercept + bits.slope * Math.log2(rows);
  const { memory_bytes: memory, index } = last.document;
  const listBytes = (index.degree_mean * index.bits_per_edge) / 8;
  const graph = rows * (memory.graph / last.rows - listBytes + (index.degree_mean * edgeBits) / 8);
  const codes = rows * (fits.find(({ part }) => part === 'codes')?.line.slope ?? Number.NaN);
  const fixed = fits.find(({ part }) => part === 'other')?.line.intercept ?? 0;
  return [
    rows,
    ...[graph, codes, graph + codes + Math.max(0, fixed)].map((bytes) => rounded(bytes / 1e9, 3)),
    rounded(edgeBits, 4),
  ];
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e5) / 10;
}

export const limitsSuite: Suite = { name: 'limits', title: 'Builds under a memory limit', quick: true, run: runLimits };
export const growthSuite: Suite = { name: 'growth', title: 'Memory against rows', quick: true, run: runGrowth };
