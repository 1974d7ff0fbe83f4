// `vamana convert IN OUT`: a vector file in another format or element type, whole, in part or thinned out. Rows
// pass through in bounded windows, so the files may be larger than memory; OUT appears only when all is written. Ids
// and payloads go along where both formats have columns.
import type { Command } from 'commander';
import { createCast, defaultElement, rounds } from '../src/source/cast.js';
import { invalidArgument } from '../src/source/faults.js';
import { requireFinite } from '../src/source/finite.js';
import {
  chooseFormat,
  formatTraits,
  isColumnFormat,
  type VectorElement,
  vectorElements,
} from '../src/source/formats.js';
import { readSample, sampleRows } from '../src/source/sample.js';
import { openVectorSource, type VectorSource } from '../src/source/vector-source.js';
import { createVectorWriter, requireElement } from '../src/source/vector-writer.js';
import { addColumnOption, type ColumnOptions } from './column-options.js';
import { choice, integer, positiveInteger } from './options.js';
import { formatBytes, formatNumber, printFacts, printJson, rounded } from './output.js';
import { createProgress } from './progress.js';
import { action } from './run.js';

interface ConvertOptions extends ColumnOptions {
  start: number;
  rows?: number;
  every: number;
  element?: VectorElement;
  force?: boolean;
  outFormat?: string;
}

interface ConvertReport {
  rows: number;
  dim: number;
  element: { from: VectorElement; to: VectorElement };
  format: { from: string; to: string };
  bytes: number;
  /** What was written beside the vectors. */
  columns: { ids: boolean; payloads: boolean };
  /** Of rounding f32 to f16: the largest |written - read|. */
  largest_error?: number;
}

export function register(program: Command): void {
  const command = program
    .command('convert')
    .description('write a vector file in another format or element type, or cut a sample from it')
    .argument('<in>', 'vector file to read')
    .argument('<out>', 'vector file to write')
    .option('--start <n>', 'first row to take', integer(0), 0)
    .option('--rows <n>', 'rows of <in> the range spans; to the end by default', positiveInteger)
    .option('--every <n>', 'take every n-th row of the range', positiveInteger, 1)
    .option('--element <type>', `element type to write: ${vectorElements.join(', ')}`, choice(vectorElements))
    .option('--force', 'replace <out> if it exists')
    .option('--out-format <name>', 'format of <out>, when its extension does not say');
  addColumnOption(command, '<in>').action(
    action<ConvertOptions>(async (options, { args: [from = '', to = ''], signal, json }) => {
      const columns = isColumnFormat(chooseFormat(to, options.outFormat));
      const source = await openVectorSource(from, { ...options, ids: columns, payload: columns });
      try {
        const report = await convert(source, to, options, signal);
        if (json) printJson(report);
        else print(to, report);
      } finally {
        source.close();
      }
    }),
  );
}

async function convert(
  source: VectorSource,
  path: string,
  options: ConvertOptions,
  signal: AbortSignal,
): Promise<ConvertReport> {
  const { start, every, rows = Math.max(0, source.rows - start) } = options;
  if (rows === 0) throw invalidArgument(`--start ${start}: ${source.path} has only ${source.rows} rows`);
  const to = chooseElement(source, path, options);
  const cast = createCast(source.path, source.dim, source.element, to);
  const blocks = readSample(source, { start, rows, every });
  const writer = await createVectorWriter(path, {
    dim: source.dim,
    element: to,
    rows: sampleRows(rows, every),
    force: options.force ?? false,
    columns: source.columns,
    ...(options.outFormat === undefined ? {} : { format: options.outFormat }),
  });
  const progress = createProgress({ label: 'convert', total: sampleRows(rows, every), unit: 'rows' });
  try {
    for await (const block of blocks) {
      signal.throwIfAborted();
      requireFinite(source, block);
      const { ids, payloads } = block;
      await writer.write(cast.apply(block), {
        ...(ids === undefined ? {} : { ids }),
        ...(payloads === undefined ? {} : { payloads }),
      });
      progress.update(writer.rows);
    }
    const written = await writer.finish();
    return {
      rows: written.rows,
      dim: source.dim,
      element: { from: source.element, to },
      format: { from: source.format, to: writer.format },
      bytes: written.bytes,
      columns: source.columns,
      ...(rounds(source.element, to) ? { largest_error: rounded(cast.largestError) } : {}),
    };
  } catch (error) {
    await writer.abort();
    throw error;
  } finally {
    progress.end();
  }
}

function chooseElement(source: VectorSource, path: string, options: ConvertOptions): VectorElement {
  const format = chooseFormat(path, options.outFormat);
  if (formatTraits(format).elements.length === 0) requireElement(path, format, source.element);
  const element = options.element ?? defaultElement(source.element, format);
  if (element === undefined) {
    throw invalidArgument(
      `${path}: ${format} files cannot hold ${source.element} as it is in ${source.path}; ` +
        'say with --element what to make of the values, or choose another format',
    );
  }
  requireElement(path, format, element);
  return element;
}

function print(path: string, report: ConvertReport): void {
  const { element, format, columns } = report;
  printFacts([
    ['written', path],
    ['rows', report.rows],
    ['dimension', report.dim],
    ['element', element.from === element.to ? element.to : `${element.from} to ${element.to}`],
    ['format', format.from === format.to ? format.to : `${format.from} to ${format.to}`],
    ['size', formatBytes(report.bytes)],
    ...(columns.ids || columns.payloads ? [['columns', columnsText(columns)] as const] : []),
    ...(report.largest_error === undefined
      ? []
      : [['largest error', `${formatNumber(report.largest_error)} (rounded to ${element.to})`] as const]),
  ]);
}

function columnsText({ ids, payloads }: ConvertReport['columns']): string {
  return ['vectors', ...(ids ? ['ids'] : []), ...(payloads ? ['payloads'] : [])].join(', ');
}
