// `vamana import`: a vector file, with ids and payloads from files beside it, into a collection, which is made when it
// is missing. The same command after an interruption, of whatever kind, goes on at the row that was reached.
import type { Command } from 'commander';
import { VamanaError } from '../src/errors.js';
import type { Collection, Database } from '../src/index.js';
import { openIdList } from '../src/source/id-list.js';
import { openVectorSource, type VectorSource, vectorShape } from '../src/source/vector-source.js';
import { addCreateOptions, type CreateOptions, createOptions, requireSameOptions } from './create-options.js';
import { addCollectionOptions, type CollectionVerbOptions, withDatabase } from './database-options.js';
import { type ImportFiles, readPoints } from './import-points.js';
import { ImportRecord } from './import-record.js';
import { positiveInteger } from './options.js';
import { formatNumber, formatSeconds, printFacts, printJson, rounded } from './output.js';
import { createProgress } from './progress.js';
import { action } from './run.js';

interface ImportVerbOptions extends CollectionVerbOptions, CreateOptions {
  ids?: string;
  payload?: string;
  format?: string;
  batch: number;
  restart?: true;
}

interface ImportReport {
  collection: string;
  rows: number;
  /** The row that this run began with. */
  from: number;
  imported: number;
  points: number;
  seconds: number;
  rows_per_second: number;
}

/** Writers wait that long for room before an import fails. */
const WRITE_TIMEOUT_MS = 600_000;

export function register(program: Command): void {
  const command = program
    .command('import')
    .description('write a vector file into a collection; run it again to go on after an interruption')
    .argument('<file>', 'vectors');
  addCreateOptions(addCollectionOptions(command))
    .option('--ids <file>', 'an id a row: .txt, .ibin, .ivecs or .npy; row numbers by default')
    .option('--payload <file>', 'a JSON object a row: .jsonl or .jsonl.gz')
    .option('--batch <n>', 'rows a batch', positiveInteger, 1000)
    .option('--restart', 'begin with the first row, though an import was interrupted')
    .option('--format <name>', 'format of the vector file, when its extension does not tell')
    .action(
      action<ImportVerbOptions>(async (options, { args: [path = ''], signal, json }) => {
        const report = await runImport(path, options, signal);
        if (json) printJson(report);
        else print(report);
      }),
    );
}

async function runImport(path: string, options: ImportVerbOptions, signal: AbortSignal): Promise<ImportReport> {
  const source = await openVectorSource(path, options.format === undefined ? {} : { format: options.format });
  const list = options.ids === undefined ? undefined : await openIdList(options.ids);
  try {
    // Before anything is made: it looks at every file there is to be read.
    const inputs = [path, options.ids, options.payload].filter((input) => input !== undefined);
    const record = ImportRecord.of(options.dataDir, options.collection, inputs);
    const files: ImportFiles = {
      source,
      ids: list === undefined ? undefined : { path: options.ids ?? '', list },
      payload: options.payload,
    };
    if (list !== undefined && list.rows !== null && list.rows !== source.rows) {
      const found = `${options.ids} has ${list.rows} ids, but ${path} has ${source.rows} rows`;
      throw new VamanaError('INVALID_ARGUMENT', `${found}; expected one a row`);
    }
    return await withDatabase(
      options,
      async (database) => importInto(await openOrCreate(database, source, options), files, record, options, signal),
      { create: true, writeTimeoutMs: WRITE_TIMEOUT_MS },
    );
  } finally {
    source.close();
    list?.close();
  }
}

async function openOrCreate(database: Database, source: VectorSource, options: ImportVerbOptions): Promise<Collection> {
  const { element } = vectorShape(source);
  const name = options.collection;
  if (!(await database.listCollections()).includes(name)) {
    return database.createCollection(name, { element, ...createOptions(options), dim: source.dim });
  }
  const collection = await database.collection(name);
  requireSameOptions(name, collection.config, options);
  const { dim } = collection.config;
  if (dim === source.dim) return collection;
  const found = `${source.path} holds vectors of dimension ${source.dim}`;
  throw new VamanaError('INVALID_ARGUMENT', `${found}; collection ${name} has dimension ${dim}`);
}

async function importInto(
  collection: Collection,
  files: ImportFiles,
  record: ImportRecord,
  options: ImportVerbOptions,
  signal: AbortSignal,
): Promise<ImportReport> {
  const { source } = files;
  const from = options.restart === true ? 0 : Math.min(record.read(), source.rows);
  if (from > 0) process.stderr.write(`going on at row ${formatNumber(from)} of ${formatNumber(source.rows)}\n`);
  const startMs = performance.now();
  const progress = createProgress({ label: 'import', total: source.rows - from, unit: 'rows' });
  try {
    await collection.import(readPoints(files, from, collection.config.element), {
      batchPoints: options.batch,
      signal,
      onAcknowledged: (points) => {
        record.write(from + points);
        progress.update(points);
      },
    });
  } catch (error) {
    throw interrupted(error, record.read(), source.rows);
  } finally {
    progress.end();
  }
  record.remove();
  const seconds = (performance.now() - startMs) / 1000;
  const imported = source.rows - from;
  return {
    collection: collection.name,
    rows: source.rows,
    from,
    imported,
    points: collection.count(),
    seconds: rounded(seconds, 4),
    rows_per_second: rounded(imported / seconds, 4),
  };
}

function interrupted(error: unknown, reached: number, rows: number): unknown {
  if (!(error instanceof VamanaError) || error.code !== 'ABORTED') return error;
  const where = `row ${formatNumber(reached)} of ${formatNumber(rows)}`;
  return new VamanaError('ABORTED', `stopped at ${where}; the same command goes on there`, { cause: error });
}

function print(report: ImportReport): void {
  printFacts([
    ['collection', report.collection],
    ['rows', report.rows],
    ...(report.from === 0 ? [] : [['from row', report.from] as const]),
    ['imported', report.imported],
    ['points', report.points],
    ['time', formatSeconds(report.seconds)],
    ['rows/s', report.rows_per_second],
  ]);
}
