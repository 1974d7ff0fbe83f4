// `vamana generate OUT`: synthetic vectors with the difficulties of real ones (synthetic-rows.ts), in any format that can
// be written, of any number: rows are streamed, and memory does not grow with them. The same seed and options give the
// same bytes on any machine with the same Node.
import type { Command } from 'commander';
import { WINDOW_BYTES_DEFAULT } from '../src/limits.js';
import { invalidArgument } from '../src/source/faults.js';
import { chooseFormat, elementBytes, formatTraits, type VectorData } from '../src/source/formats.js';
import { createVectorWriter, type VectorWriter } from '../src/source/vector-writer.js';
import { choice, count, integer, number, positiveInteger } from './options.js';
import { formatBytes, formatNumber, printFacts, printJson } from './output.js';
import { createProgress } from './progress.js';
import { action, UsageError } from './run.js';
import { type SyntheticOptions, SyntheticRows } from './synthetic-rows.js';

interface GenerateOptions {
  rows: number;
  dim: number;
  element?: SyntheticOptions['element'];
  outFormat?: string;
  seed: number;
  clusters?: number;
  exponent: number;
  intrinsicDim: number;
  noise: number;
  duplicates: number;
  queries?: string;
  queryRows: number;
  force?: boolean;
}

const ELEMENTS = ['f32', 'f16', 'u8', 'i8'] as const satisfies readonly SyntheticOptions['element'][];

export function register(program: Command): void {
  program
    .command('generate')
    .description('synthetic vectors: clusters of power-law sizes, few dimensions each, noise, duplicates')
    .argument('<out>', 'vector file to write')
    .requiredOption('--rows <n>', 'rows, such as 1e8', count(1))
    .requiredOption('--dim <n>', 'elements a vector', positiveInteger)
    .option('--element <type>', `${ELEMENTS.join(', ')}; what the format holds by default`, choice(ELEMENTS))
    .option('--seed <n>', 'the same one gives the same bytes', integer(0), 1)
    .option('--clusters <n>', 'clusters; the square root of the rows by default', positiveInteger)
    .option('--exponent <x>', 'of the power law of their sizes; 0 for equal ones', number(0, 10), 1.1)
    .option('--intrinsic-dim <n>', 'dimensions a cluster extends in', positiveInteger, 16)
    .option('--noise <x>', 'deviation in all dimensions, a cluster having about 1 along its own', number(0, 100), 0.1)
    .option('--duplicates <share>', 'rows that repeat an earlier one', number(0, 0.99), 0.05)
    .option('--queries <file>', 'also write queries of the same distribution there')
    .option('--query-rows <n>', 'how many', positiveInteger, 1000)
    .option('--out-format <name>', 'format of <out>, when its extension does not say')
    .option('--force', 'replace files that exist')
    .action(
      action<GenerateOptions>(async (options, { args: [out = ''], signal, json }) => {
        const report = await generate(out, options, signal);
        if (json) printJson(report);
        else print(out, report);
      }),
    );
}

interface GenerateReport {
  rows: number;
  dim: number;
  element: string;
  format: string;
  bytes: number;
  clusters: number;
  intrinsic_dim: number;
  seed: number;
  queries?: string;
}

async function generate(out: string, options: GenerateOptions, signal: AbortSignal): Promise<GenerateReport> {
  const { rows, dim, seed, exponent, noise, duplicates } = options;
  if (options.queries === out) throw new UsageError('<out> and --queries name the same file');
  const format = chooseFormat(out, options.outFormat);
  const element = options.element ?? elementOf(out, format);
  const clusters = options.clusters ?? Math.max(1, Math.round(Math.sqrt(rows)));
  const intrinsicDim = Math.min(options.intrinsicDim, dim);
  const synthetic = new SyntheticRows({ dim, element, seed, clusters, exponent, intrinsicDim, noise, duplicates });
  const create = (path: string, count: number, as?: string): Promise<VectorWriter> =>
    createVectorWriter(path, {
      dim,
      element,
      rows: count,
      force: options.force ?? false,
      ...(as === undefined ? {} : { format: as }),
    });
  const writer = await create(out, rows, format);
  const bytes = await stream(writer, 'generate', rows, dim * elementBytes(element), signal, (first, count) =>
    synthetic.rows(first, count),
  );
  if (options.queries !== undefined) {
    const { queryRows } = options;
    const queries = await create(options.queries, queryRows);
    await stream(queries, 'queries', queryRows, dim * elementBytes(element), signal, (first, count) =>
      synthetic.queries(first, count),
    );
  }
  const report = { rows, dim, element, format: writer.format, bytes, clusters, intrinsic_dim: intrinsicDim, seed };
  return options.queries === undefined ? report : { ...report, queries: options.queries };
}

async function stream(
  writer: VectorWriter,
  label: string,
  rows: number,
  rowBytes: number,
  signal: AbortSignal,
  make: (first: number, count: number) => VectorData,
): Promise<number> {
  const progress = createProgress({ label, total: rows, unit: 'rows' });
  // A tenth of a window: made in a fraction of a second, so that Ctrl-C is heard.
  const block = Math.max(1, Math.floor(WINDOW_BYTES_DEFAULT / 10 / rowBytes));
  try {
    for (let first = 0; first < rows; first += block) {
      signal.throwIfAborted();
      await writer.write(make(first, Math.min(block, rows - first)));
      progress.update(writer.rows);
    }
    return (await writer.finish()).bytes;
  } catch (error) {
    await writer.abort();
    throw error;
  } finally {
    progress.end();
  }
}

// The format's only element, or f32 where it has several.
function elementOf(out: string, format: ReturnType<typeof chooseFormat>): SyntheticOptions['element'] {
  const [first] = formatTraits(format).elements;
  if (first !== undefined && first !== 'i32') return first;
  throw invalidArgument(`${out}: no vectors are written as ${format}; choose .fbin, .npy or another format of vectors`);
}

function print(out: string, report: GenerateReport): void {
  printFacts([
    ['written', out],
    ['rows', report.rows],
    ['dimension', report.dim],
    ['element', report.element],
    ['format', report.format],
    ['size', formatBytes(report.bytes)],
    ['clusters', `${formatNumber(report.clusters)}, of ${report.intrinsic_dim} dimensions`],
    ['seed', report.seed],
    ...(report.queries === undefined ? [] : [['queries', report.queries] as const]),
  ]);
}
