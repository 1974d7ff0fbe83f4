// `vamana export`: the points of a collection into a file, with their ids and payloads, or into a collection of a server
// with the REST API of Qdrant. Points are scrolled in the order of their ids; each page is of one moment. What `export`
// wrote `import` reads: a flat format has vectors only, so ids and payloads lie beside it in OUT.jsonl (--points).
import type { Command } from 'commander';
import { type Space, spaceOf } from '../src/config/spaces.js';
import type { Collection, Point } from '../src/index.js';
import { invalidArgument } from '../src/source/faults.js';
import { addCollectionOptions, type CollectionVerbOptions, withCollection } from './database-options.js';
import { type ExportedFiles, type ExportTarget, openFileTarget } from './export-file.js';
import { openServerTarget } from './export-server.js';
import { json as parseJson, positiveInteger } from './options.js';
import { formatBytes, formatSeconds, printFacts, printJson, rounded } from './output.js';
import { createProgress } from './progress.js';
import { isRemote, RemoteCollection } from './remote-collection.js';
import { action } from './run.js';

interface ExportOptions extends CollectionVerbOptions {
  format?: string;
  filter?: unknown;
  apiKey?: string;
  column?: string;
  using?: string;
  batch: number;
  force?: boolean;
}

interface ExportReport extends ExportedFiles {
  collection: string;
  out: string;
  points: number;
  seconds: number;
}

export function register(program: Command): void {
  addCollectionOptions(program.command('export'))
    .description('write the points of a collection to a file or a server')
    .argument('<out>', '.parquet, .jsonl[.gz], .fvecs, .npy, …, or http://HOST:PORT/collections/NAME')
    .option('--filter <json>', 'only points that match, in the filter language of the service', parseJson)
    .option('--format <name>', 'format of <out>, when its extension does not say')
    .option('--force', 'replace <out> if it exists')
    .option('--api-key <key>', 'of the server')
    .option('--column <name>', 'which vector of the server, where it has several')
    .option('--using <name>', 'which vector of the collection, where it has several')
    .option('--batch <n>', 'points a batch', positiveInteger, 500)
    .action(
      action<ExportOptions>(async (options, { args: [out = ''], signal, json }) => {
        const report = await withCollection(options, (collection) => runExport(collection, out, options, signal));
        if (json) printJson(report);
        else print(report);
      }),
    );
}

async function runExport(
  collection: Collection,
  out: string,
  options: ExportOptions,
  signal: AbortSignal,
): Promise<ExportReport> {
  const { filter, batch } = options;
  const space = spaceOf(collection.config, options.using);
  const startMs = performance.now();
  const some = { signal, ...(filter === undefined ? {} : { filter }) };
  const total = filter === undefined ? collection.count() : await collection.countWhere(filter);
  if (total === 0) throw invalidArgument(`collection ${collection.name} has no points to export`);
  const target = await openTarget(collection, space, out, options, signal);
  const progress = createProgress({ label: 'export', total, unit: 'points' });
  let points = 0;
  try {
    let held: Point[] = [];
    const flush = async (): Promise<void> => {
      await target.write(held);
      points += held.length;
      progress.update(points);
      held = [];
    };
    for await (const point of collection.scroll({ ...some, withVector: [space.name] })) {
      held.push(withOne(point, space));
      if (held.length === batch) await flush();
    }
    if (held.length > 0) await flush();
    const written = await target.finish();
    const seconds = rounded((performance.now() - startMs) / 1000, 4);
    return { collection: collection.name, out, points, ...written, seconds };
  } catch (error) {
    await target.abort();
    throw error;
  } finally {
    progress.end();
  }
}

// A file, or a collection of one vector, has one of each point.
function withOne({ vectors, ...point }: Point, { name }: Space): Point {
  const vector = vectors === undefined ? point.vector : vectors[name];
  if (vector !== undefined) return { ...point, vector };
  const advice = `leave such points out: --filter '${JSON.stringify({ must: [{ has_vector: name }] })}'`;
  throw invalidArgument(`point ${point.id} has no vector ${JSON.stringify(name)}; ${advice}`);
}

async function openTarget(
  collection: Collection,
  space: Space,
  out: string,
  options: ExportOptions,
  signal: AbortSignal,
): Promise<ExportTarget> {
  const { apiKey, column, format, force = false } = options;
  if (!isRemote(out)) return openFileTarget(collection, space, { out, asked: format, force });
  return openServerTarget(
    collection.name,
    space,
    new RemoteCollection(out, {
      signal,
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(column === undefined ? {} : { vector: column }),
    }),
  );
}

function print(report: ExportReport): void {
  printFacts([
    ['collection', report.collection],
    ['written', report.out],
    ...(report.points_file === undefined ? [] : [['ids and payloads', report.points_file] as const]),
    ['points', report.points],
    ...(report.bytes === undefined ? [] : [['size', formatBytes(report.bytes)] as const]),
    ['time', formatSeconds(report.seconds)],
  ]);
}
