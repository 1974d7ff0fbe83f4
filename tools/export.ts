// `vamana export`: the points of a collection into a file, with their ids and payloads, or into a collection of a server
// with the REST API of Qdrant. Points are scrolled in the order of their ids; each page is of one moment. What `export`
// wrote `import` reads: a flat format has vectors only, so ids and payloads lie beside it in OUT.jsonl (--points).
import type { Command } from 'commander';
import { VamanaError } from '../src/errors.js';
import type { Collection, Point, PointId, PointVector } from '../src/index.js';
import { createCast, defaultElement } from '../src/source/cast.js';
import { invalidArgument } from '../src/source/faults.js';
import {
  chooseFormat,
  createVectorData,
  isColumnFormat,
  type VectorData,
  type VectorElement,
} from '../src/source/formats.js';
import { floatsToHalves } from '../src/source/half.js';
import { createPointWriter, type PointWriter } from '../src/source/point-writer.js';
import { createVectorWriter, requireElement, type VectorWriter } from '../src/source/vector-writer.js';
import { addCollectionOptions, type CollectionVerbOptions, withCollection } from './database-options.js';
import { json as parseJson, positiveInteger } from './options.js';
import { formatBytes, formatSeconds, printFacts, printJson, rounded } from './output.js';
import { createProgress } from './progress.js';
import { isRemote, RemoteCollection, type RemoteInfo } from './remote-collection.js';
import { action } from './run.js';

interface ExportOptions extends CollectionVerbOptions {
  format?: string;
  filter?: unknown;
  apiKey?: string;
  column?: string;
  batch: number;
  force?: boolean;
}

interface ExportReport {
  collection: string;
  out: string;
  /** The file with ids and payloads, where the vectors' has no room for them. */
  points_file?: string;
  points: number;
  bytes?: number;
  seconds: number;
}

/** Where points go. */
interface Target {
  write(points: readonly Point[]): Promise<void>;
  finish(): Promise<Pick<ExportReport, 'points_file' | 'bytes'>>;
  abort(): Promise<void>;
}

/** The first id that is no number: UUIDs, and other strings after them. */
const FIRST_UUID = '00000000-0000-0000-0000-000000000000';

/** Numbers of a request: about 10 MB of JSON, where servers take 32 by default. */
const REQUEST_NUMBERS = 2 ** 20;

export function register(program: Command): void {
  addCollectionOptions(program.command('export'))
    .description('write the points of a collection to a file or a server')
    .argument('<out>', '.parquet, .jsonl[.gz], .fvecs, .npy, …, or http://HOST:PORT/collections/NAME')
    .option('--filter <json>', 'only points that match, in the filter language of the service', parseJson)
    .option('--format <name>', 'format of <out>, when its extension does not say')
    .option('--force', 'replace <out> if it exists')
    .option('--api-key <key>', 'of the server')
    .option('--column <name>', 'which vector of the server, where it has several')
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
  const startMs = performance.now();
  const some = { signal, ...(filter === undefined ? {} : { filter }) };
  const total = filter === undefined ? collection.count() : await collection.countWhere(filter);
  if (total === 0) throw invalidArgument(`collection ${collection.name} has no points to export`);
  const target = await openTarget(collection, out, options, signal);
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
    for await (const point of collection.scroll({ ...some, withVector: true })) {
      held.push(point);
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

async function openTarget(
  collection: Collection,
  out: string,
  options: ExportOptions,
  signal: AbortSignal,
): Promise<Target> {
  const { apiKey, column, format, force = false } = options;
  if (!isRemote(out)) return openFile(collection, out, format, force);
  return openServer(
    collection,
    new RemoteCollection(out, {
      signal,
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(column === undefined ? {} : { vector: column }),
    }),
  );
}

async function openFile(
  collection: Collection,
  out: string,
  asked: string | undefined,
  force: boolean,
): Promise<Target> {
  const { dim, element } = collection.config;
  const format = chooseFormat(out, asked);
  const written = defaultElement(element, format) ?? element;
  requireElement(out, format, written);
  const inColumns = isColumnFormat(format);
  const textIds = inColumns && (await hasTextIds(collection));
  const vectors = await createVectorWriter(out, {
    format,
    dim,
    element: written,
    force,
    ...(inColumns ? { columns: { ids: true, payloads: true, textIds } } : {}),
  });
  const pointsFile = `${out}.jsonl`;
  let beside: PointWriter | undefined;
  try {
    beside = inColumns ? undefined : await createPointWriter(pointsFile, { force });
  } catch (error) {
    await vectors.abort();
    throw error;
  }
  return fileTarget(vectors, beside && { writer: beside, path: pointsFile }, { dim, element, written, name: out });
}

function fileTarget(
  vectors: VectorWriter,
  beside: { writer: PointWriter; path: string } | undefined,
  shape: { dim: number; element: VectorElement; written: VectorElement; name: string },
): Target {
  const cast = createCast(shape.name, shape.dim, shape.element, shape.written);
  return {
    async write(points) {
      const data = cast.apply({ firstRow: vectors.rows, data: pack(points, shape) });
      const ids = points.map(({ id }) => id);
      const payloads = points.map(({ payload }) => payload ?? null);
      if (beside === undefined) await vectors.write(data, { ids, payloads });
      else {
        await vectors.write(data);
        await beside.writer.write(ids, payloads);
      }
    },
    async finish() {
      await beside?.writer.finish();
      const { bytes } = await vectors.finish();
      return beside === undefined ? { bytes } : { bytes, points_file: beside.path };
    },
    async abort() {
      await Promise.all([vectors.abort(), beside?.writer.abort()]);
    },
  };
}

// As the collection holds them: half floats come as f32 and are the same bits again.
function pack(points: readonly Point[], { dim, element }: { dim: number; element: VectorElement }): VectorData {
  const data = createVectorData(element, points.length * dim);
  for (const [at, { vector }] of points.entries()) {
    const values = vector as PointVector;
    data.set(element === 'f16' ? floatsToHalves(values) : values, at * dim);
  }
  return data;
}

async function hasTextIds(collection: Collection): Promise<boolean> {
  const { points } = await collection.scrollPage(1, { from: FIRST_UUID, withPayload: false });
  return points.length > 0;
}

async function openServer(collection: Collection, remote: RemoteCollection): Promise<Target> {
  const { dim, metric } = collection.config;
  let info = await remote.info();
  if (info === undefined) {
    await remote.create(collection.config);
    info = (await remote.info()) as RemoteInfo;
  }
  if (info.config.dim !== dim || info.config.metric !== metric) {
    const found = `it has dimension ${info.config.dim} and metric ${info.config.metric}`;
    throw new VamanaError('INVALID_ARGUMENT', `${remote.url}: ${found}; ${collection.name} has ${dim} and ${metric}`);
  }
  const target = info;
  const most = Math.max(1, Math.floor(REQUEST_NUMBERS / dim));
  return {
    async write(points) {
      const wire = points.map(({ id, vector, payload }) => {
        return { id: id as PointId, vector: vector as PointVector, payload: payload ?? null };
      });
      for (let at = 0; at < wire.length; at += most) await remote.upsert(wire.slice(at, at + most), target);
    },
    finish: async () => ({}),
    abort: async () => undefined,
  };
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
