// `vamana truth`: the exact nearest neighbours of every query, found by scanning all rows in bounded windows.
// Ids ascend by (distance, row), so equal inputs give equal files. The scan itself is the addon's; while it works
// on one window the next is read.
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import {
  loadNative,
  type Native,
  type NativeElement,
  type NativeExactScan,
  type NativeMetric,
} from '../src/binding.js';
import { WINDOW_BYTES_DEFAULT } from '../src/limits.js';
import { createCast, type ElementCast } from '../src/source/cast.js';
import { invalidArgument } from '../src/source/faults.js';
import { requireFinite } from '../src/source/finite.js';
import { bytesOf, chooseFormat, elementBytes, type VectorData } from '../src/source/formats.js';
import { openVectorSource, readRows, type VectorSource, vectorElement } from '../src/source/vector-source.js';
import { createVectorWriter, requireElement, type VectorWriter } from '../src/source/vector-writer.js';
import { choice, positiveInteger } from './options.js';
import { formatSeconds, printFacts, printJson, rounded } from './output.js';
import { createProgress } from './progress.js';
import { action, UsageError } from './run.js';

/** What of the addon a scan needs. */
export type ScanAddon = Pick<Native, 'createExactScan'> & { constants: Pick<Native['constants'], 'maxRows'> };

interface TruthOptions {
  data: string;
  queries: string;
  k: number;
  metric: NativeMetric;
  out: string;
  distances?: string;
  threads: number;
  force?: boolean;
  format?: string;
  queryFormat?: string;
}

/** Pairs of elements compared for one window: about a second of work. */
const WINDOW_WORK_MAX = 2 ** 34;

const METRICS = ['l2', 'cosine', 'dot', 'l1'] as const satisfies readonly NativeMetric[];

/** `loadAddon` is called when the verb runs, so that the help works without the addon. */
export function register(program: Command, loadAddon: () => ScanAddon = loadNative): void {
  program
    .command('truth')
    .description('exact nearest neighbours of every query, by a scan of all rows')
    .requiredOption('--data <file>', 'vector file to search')
    .requiredOption('--queries <file>', 'vector file of queries')
    .requiredOption('--out <file>', 'neighbours to write: .ivecs or .ibin, one row a query, nearest first')
    .option('--k <n>', 'neighbours a query', positiveInteger, 100)
    .option('--metric <name>', `distance: ${METRICS.join(', ')}`, choice(METRICS), 'l2')
    .option('--distances <file>', 'also write their distances: .fvecs, .fbin or .npy')
    .option('--threads <n>', 'threads of the scan; all processors by default', positiveInteger, availableParallelism())
    .option('--force', 'replace files that exist')
    .option('--format <name>', 'format of --data, when its extension does not say')
    .option('--query-format <name>', 'format of --queries, when its extension does not say')
    .action(
      action<TruthOptions>(async (options, { signal, json }) => {
        const report = await truth(loadAddon(), options, signal);
        if (json) printJson(report);
        else print(report);
      }),
    );
}

interface TruthReport {
  rows: number;
  dim: number;
  element: NativeElement;
  metric: NativeMetric;
  queries: number;
  k: number;
  seconds: number;
  out: string;
  distances?: string;
}

async function truth(addon: ScanAddon, options: TruthOptions, signal: AbortSignal): Promise<TruthReport> {
  requireElement(options.out, chooseFormat(options.out), 'i32');
  if (options.distances !== undefined && resolve(options.distances) === resolve(options.out)) {
    throw new UsageError('--out and --distances name the same file');
  }
  const data = await openVectorSource(options.data, asked(options.format));
  try {
    const queries = await openVectorSource(options.queries, asked(options.queryFormat));
    try {
      return await scanAndWrite(addon, data, queries, options, signal);
    } finally {
      queries.close();
    }
  } finally {
    data.close();
  }
}

async function scanAndWrite(
  addon: ScanAddon,
  data: VectorSource,
  queries: VectorSource,
  options: TruthOptions,
  signal: AbortSignal,
): Promise<TruthReport> {
  const { k, metric, out, threads } = options;
  const element = commonElement(data, queries);
  checkSizes(data, queries, k, addon.constants.maxRows);
  const startMs = performance.now();
  // Made before the scan: a name that cannot be written is better known now than hours later.
  const writers = await createWriters(options, k);
  try {
    const found = await readRows(queries);
    requireFinite(queries, { firstRow: 0, data: found });
    const packed = createCast(queries.path, queries.dim, queries.element, element).apply({ firstRow: 0, data: found });
    const scan = addon.createExactScan(metric, element, data.dim, bytesOf(packed), queries.rows, k, threads);
    try {
      const bytesMax = windowBytes({ dim: data.dim, stride: data.dim * elementBytes(data.stored) }, queries.rows);
      await scanAll(scan, data, createCast(data.path, data.dim, data.element, element), bytesMax, signal);
      const { rows, distances } = scan.result();
      await writers.ids.write(new Int32Array(rows.buffer, rows.byteOffset, rows.length));
      await writers.distances?.write(distances);
    } finally {
      scan.close();
    }
    await writers.ids.finish();
    await writers.distances?.finish();
  } catch (error) {
    await Promise.all([writers.ids.abort(), writers.distances?.abort()]);
    throw error;
  }
  const { rows, dim } = data;
  const seconds = rounded((performance.now() - startMs) / 1000, 4);
  const report = { rows, dim, element, metric, queries: queries.rows, k, seconds, out };
  return options.distances === undefined ? report : { ...report, distances: options.distances };
}

/** Offers every row of `data` to the scan. The next window is read while the addon works on the last. */
async function scanAll(
  scan: NativeExactScan,
  data: VectorSource,
  cast: ElementCast,
  bytesMax: number,
  signal: AbortSignal,
): Promise<void> {
  const progress = createProgress({ label: 'truth', total: data.rows, unit: 'rows' });
  let adding: Promise<void> = Promise.resolve();
  try {
    for await (const window of data.windows({ bytesMax })) {
      signal.throwIfAborted();
      requireFinite(data, window);
      const rows: VectorData = cast.apply(window);
      await adding;
      progress.update(window.firstRow);
      adding = scan.add(bytesOf(rows), window.rows, window.firstRow);
      // Its failure is met by the await above or below; until then it must not count as unhandled.
      adding.catch(() => undefined);
    }
    await adding;
    progress.update(data.rows);
  } finally {
    // The addon still reads the window's bytes; nothing may be closed under it.
    await adding.catch(() => undefined);
    progress.end();
  }
}

/** Smaller windows for many queries: between two, Ctrl-C is heard and progress shown. */
export function windowBytes(shape: { dim: number; stride: number }, queries: number): number {
  const rows = Math.max(1, Math.floor(WINDOW_WORK_MAX / (queries * shape.dim)));
  return Math.min(WINDOW_BYTES_DEFAULT, rows * shape.stride);
}

/** Both as they are when they agree, else both as f32. */
function commonElement(data: VectorSource, queries: VectorSource): NativeElement {
  const element = vectorElement(data);
  return vectorElement(queries) === element ? element : 'f32';
}

function checkSizes(data: VectorSource, queries: VectorSource, k: number, maxRows: number): void {
  if (data.dim !== queries.dim) {
    throw invalidArgument(`${queries.path} has dimension ${queries.dim}, but ${data.path} has ${data.dim}`);
  }
  if (k > data.rows) throw invalidArgument(`--k ${k}: ${data.path} has only ${data.rows} rows`);
  if (data.rows > maxRows)
    throw invalidArgument(`${data.path} has ${data.rows} rows; at most ${maxRows} can be numbered`);
}

async function createWriters(
  options: TruthOptions,
  k: number,
): Promise<{ ids: VectorWriter; distances: VectorWriter | undefined }> {
  const force = options.force ?? false;
  const ids = await createVectorWriter(options.out, { dim: k, element: 'i32', force });
  if (options.distances === undefined) return { ids, distances: undefined };
  try {
    return { ids, distances: await createVectorWriter(options.distances, { dim: k, element: 'f32', force }) };
  } catch (error) {
    await ids.abort();
    throw error;
  }
}

function asked(format: string | undefined): { format?: string } {
  return format === undefined ? {} : { format };
}

function print(report: TruthReport): void {
  printFacts([
    ['written', report.out],
    ...(report.distances === undefined ? [] : [['distances', report.distances] as const]),
    ['rows', report.rows],
    ['queries', report.queries],
    ['k', report.k],
    ['metric', report.metric],
    ['element', report.element],
    ['time', formatSeconds(report.seconds)],
  ]);
}
