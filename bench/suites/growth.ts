// Suite `growth`: how memory by part grows with the rows, fitted, with what that means for 10^8 and 10^9; a full run holds
// the fit to ten million rows, which are generated.
import { join } from 'node:path';
import { elementBytes } from '../../src/source/formats.js';
import { formatNumber, rounded } from '../../tools/output.js';
import type { SearchDocument } from '../../tools/search-document.js';
import { vamana } from '../commands.js';
import { fitLine } from '../curve.js';
import { cutDataSet, type DataSet, generatedDataSet } from '../data-sets.js';
import type { SuiteResult, Table } from '../document.js';
import type { Suite, SuiteContext } from '../suite.js';
import { type BuildDocument, buildOf, megabytes, searchFiles } from '../sweeps.js';

const SIZES = { quick: [10_000, 30_000, 100_000], full: [100_000, 300_000, 1_000_000] };
const FAR = [1e8, 1e9];
/** Ten million, or fewer where a file of so many were larger than this. */
const GENERATED = { rows: 10_000_000, bytes: 8e9, queries: 200 };

const PARTS = ['graph', 'codes', 'other', 'anonymous'] as const;

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
  for (const rows of taken) grown.push(await grow(await cutDataSet(main, rows, 1000), context));
  const fit = fitted(grown);
  const result = growthResult(grown, fit);
  if (!context.full) return { ...result, raw: grown };
  const generated = await growGenerated(context);
  const tables = [...result.tables, generatedTable(generated, farBytes(generated.rows, grown, fit))];
  return { ...result, tables, raw: [...grown, generated] };
}

async function grow(set: DataSet, { folder, tell }: SuiteContext): Promise<Grown> {
  tell(`${set.rows} rows`);
  const index = join(folder, 'index');
  const build = await buildOf(set, index);
  const options = ['--list-size', '80', '--cache', '0', '--threads', '1'];
  const document = await vamana<SearchDocument>(['search', '--index', index, ...searchFiles(set), ...options]);
  return { rows: set.rows, document, build };
}

async function growGenerated(context: SuiteContext): Promise<Grown> {
  const { main } = context.data;
  const rows = Math.min(GENERATED.rows, Math.floor(GENERATED.bytes / (main.dim * elementBytes(main.element))));
  context.tell(`generating ${rows} rows`);
  return grow(await generatedDataSet(main, rows, GENERATED.queries, context.folder), context);
}

/** What the lines through the real rows say of generated ones, and what was measured. */
function generatedTable({ rows, document, build }: Grown, far: FarBytes): Table {
  const { memory_bytes: memory, index, recall_at_k: recall, per_query: each } = document;
  return {
    title: `${formatNumber(rows)} generated rows`,
    columns: ['what', 'by the fit', 'measured'],
    rows: [
      ['graph MB', megabytes(far.graph), megabytes(memory.graph)],
      ['codes MB', megabytes(far.codes), megabytes(memory.codes)],
      ['bits/edge', rounded(far.edgeBits, 4), index.bits_per_edge],
      ['rss peak while searching MB', null, megabytes(memory.rss_peak)],
      ['build s', null, rounded(build.seconds.total, 4)],
      ['rss peak while building MB', null, megabytes(build.rss_peak)],
      ['recall@10, list 80', null, recall],
      ['pages read a query', null, each.reads],
    ],
  };
}

type Line = ReturnType<typeof fitLine>;

interface Fitted {
  fits: { part: (typeof PARTS)[number]; line: Line }[];
  /** Against the logarithm of the rows. */
  bits: Line;
}

function fitted(grown: readonly Grown[]): Fitted {
  return {
    fits: PARTS.map((part) => ({
      part,
      line: fitLine(grown.map(({ rows, document }) => ({ x: rows, y: document.memory_bytes[part] }))),
    })),
    bits: fitLine(grown.map(({ rows, document }) => ({ x: Math.log2(rows), y: document.index.bits_per_edge }))),
  };
}

function growthResult(grown: readonly Grown[], fit: Fitted): Pick<SuiteResult, 'notes' | 'tables' | 'charts'> {
  const { fits, bits } = fit;
  return {
    notes: [
      'Lines of least squares through the sizes measured: bytes a row, and what does not grow. `other` is anonymous memory beyond graph and codes: Node, scratch, queries and results.',
      `Bits an edge grow by ${rounded(bits.slope, 3)} a doubling of the rows, so the graph grows a little faster than its line; what is said of sizes beyond those measured reckons with that. Those are extrapolations.`,
    ],
    tables: [
      {
        title: 'Memory while searching, MB',
        columns: ['rows', ...PARTS, 'rss peak', 'bits/edge', 'bytes/row (graph + codes)'],
        rows: grown.map(({ rows, document: { memory_bytes: memory, index } }) => [
          rows,
          ...PARTS.map((part) => megabytes(memory[part])),
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
        rows: FAR.map((rows) => {
          const { graph, codes, all, edgeBits } = farBytes(rows, grown, fit);
          return [rows, ...[graph, codes, all].map((bytes) => rounded(bytes / 1e9, 3)), rounded(edgeBits, 4)];
        }),
      },
    ],
    charts: [
      {
        title: 'Memory by part',
        x: { label: 'rows', log: true },
        y: { label: 'MB', log: true },
        series: PARTS.map((part) => ({
          name: part,
          points: grown.map(({ rows, document }) => ({ x: rows, y: document.memory_bytes[part] / 1e6 })),
        })),
      },
    ],
  };
}

interface FarBytes {
  graph: number;
  codes: number;
  /** With what does not grow. */
  all: number;
  edgeBits: number;
}

function farBytes(rows: number, grown: readonly Grown[], { fits, bits }: Fitted): FarBytes {
  const last = grown.at(-1);
  if (last === undefined) throw new Error('nothing was measured');
  const edgeBits = bits.intercept + bits.slope * Math.log2(rows);
  const { memory_bytes: memory, index } = last.document;
  const listBytes = (index.degree_mean * index.bits_per_edge) / 8;
  const graph = rows * (memory.graph / last.rows - listBytes + (index.degree_mean * edgeBits) / 8);
  const lineOf = (part: string): Line | undefined => fits.find((fit) => fit.part === part)?.line;
  const codes = rows * (lineOf('codes')?.slope ?? Number.NaN);
  return { graph, codes, all: graph + codes + Math.max(0, lineOf('other')?.intercept ?? 0), edgeBits };
}

export const growthSuite: Suite = { name: 'growth', title: 'Memory against rows', quick: true, run: runGrowth };
