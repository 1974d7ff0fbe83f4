// `vamana import`: a vector file, with ids and payloads of its columns or of files beside it, or the points of a server,
// into a collection, which is made when it is missing. The same command after an interruption, of whatever kind, goes on
// at the row that was reached.
import type { Command } from 'commander';
import { VamanaError } from '../src/errors.js';
import type { Collection, Database } from '../src/index.js';
import { addColumnOption } from './column-options.js';
import { addCreateOptions, type CreateOptions, createOptions, requireSameOptions } from './create-options.js';
import { addCollectionOptions, type CollectionVerbOptions, withDatabase } from './database-options.js';
import { type FileOptions, type ImportInput, openFileInput } from './import-input.js';
import { ImportRecord } from './import-record.js';
import { openServerInput } from './import-server.js';
import { positiveInteger } from './options.js';
import { formatNumber, formatSeconds, printFacts, printJson, rounded } from './output.js';
import { createProgress } from './progress.js';
import { isRemote } from './remote-collection.js';
import { action } from './run.js';

interface ImportVerbOptions extends CollectionVerbOptions, CreateOptions, FileOptions {
  apiKey?: string;
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
    .description('write a vector file, or the points of a server, into a collection; run it again to go on')
    .argument('<source>', 'vector file, or http://HOST:PORT/collections/NAME of a server with the REST API of Qdrant');
  addColumnOption(addCreateOptions(addCollectionOptions(command)), 'the file')
    .option('--ids <column|file>', 'ids: a column of the file (id), or a .txt, .ibin, .ivecs or .npy; else row numbers')
    .option('--payload <column|file>', 'payloads: a column (payload, or else all others), or a .jsonl or .jsonl.gz')
    .option('--points <file>', 'ids and payloads: {"id":…,"payload":…} a line, as export writes it')
    .option('--api-key <key>', 'of the server')
    .option('--batch <n>', 'rows a batch', positiveInteger, 1000)
    .option('--restart', 'begin with the first row, though an import was interrupted')
    .action(
      action<ImportVerbOptions>(async (options, { args: [source = ''], signal, json }) => {
        const report = await runImport(source, options, signal);
        if (json) printJson(report);
        else print(report);
      }),
    );
}

async function runImport(source: string, options: ImportVerbOptions, signal: AbortSignal): Promise<ImportReport> {
  const input = await openInput(source, options, signal);
  try {
    const record = new ImportRecord(options.dataDir, options.collection, input.inputs);
    return await withDatabase(
      options,
      async (database) => importInto(await openOrCreate(database, input, options), input, record, options, signal),
      { create: true, writeTimeoutMs: WRITE_TIMEOUT_MS },
    );
  } finally {
    input.close();
  }
}

function openInput(source: string, options: ImportVerbOptions, signal: AbortSignal): Promise<ImportInput> {
  if (!isRemote(source)) return openFileInput(source, options);
  const { apiKey, column } = options;
  return openServerInput(source, {
    signal,
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(column === undefined ? {} : { vector: column }),
  });
}

async function openOrCreate(database: Database, input: ImportInput, options: ImportVerbOptions): Promise<Collection> {
  const name = options.collection;
  const { dim: wanted } = input.defaults;
  if (!(await database.listCollections()).includes(name)) {
    return database.createCollection(name, { ...input.defaults, ...createOptions(options), dim: wanted });
  }
  const collection = await database.collection(name);
  requireSameOptions(name, collection.config, options);
  const { dim } = collection.config;
  if (dim === wanted) return collection;
  const found = `${input.name} holds vectors of dimension ${wanted}`;
  throw new VamanaError('INVALID_ARGUMENT', `${found}; collection ${name} has dimension ${dim}`);
}

async function importInto(
  collection: Collection,
  input: ImportInput,
  record: ImportRecord,
  options: ImportVerbOptions,
  signal: AbortSignal,
): Promise<ImportReport> {
  const mark = options.restart === true ? { rows: 0 } : record.read();
  const from = Math.min(mark.rows, input.rows);
  if (from > 0) process.stderr.write(`going on at row ${formatNumber(from)} of ${formatNumber(input.rows)}\n`);
  const startMs = performance.now();
  const progress = createProgress({ label: 'import', total: input.rows - from, unit: 'rows' });
  let imported: number;
  try {
    const result = await collection.import(input.points({ ...mark, rows: from }, collection.config.element), {
      batchPoints: options.batch,
      signal,
      onAcknowledged: (points) => {
        record.write(input.markAfter(points));
        progress.update(points);
      },
    });
    imported = result.points;
  } catch (error) {
    throw interrupted(error, record.read().rows, input.rows);
  } finally {
    progress.end();
  }
  record.remove();
  const seconds = (performance.now() - startMs) / 1000;
  return {
    collection: collection.name,
    rows: input.rows,
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
