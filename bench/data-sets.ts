// The data of a benchmark run: the shared real sets where they are, else the bundled sample, else any file given; whole
// or cut to fewer rows and queries, with exact neighbours made by `vamana truth`. What is made lies in bench/out/data
// and is made once. Called by run.ts and the suites.
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Metric, VectorElement } from '../src/index.js';
import { readIds, writeIds } from '../src/source/ids.js';
import { openVectorSource } from '../src/source/vector-source.js';
import { projectRoot } from '../tools/tree.js';
import { vamana } from './commands.js';

export interface DataSet {
  name: string;
  base: string;
  queries: string;
  /** Exact neighbours, 100 a query where there are so many rows. */
  truth: string;
  metric: Metric;
  rows: number;
  dim: number;
  element: VectorElement;
  queryCount: number;
  /** JSON lines, a payload a row. */
  payload?: string;
}

export interface GivenFiles {
  data: string;
  queries?: string;
  truth?: string;
  metric: Metric;
}

export interface DataSets {
  /** What curves, peers and builds are measured on. */
  main: DataSet;
  /** With payloads, for filters and other metrics; absent when a file was given. */
  words?: DataSet;
}

interface KnownSet {
  main: string;
  words: string;
}

export const OUTPUT = join(projectRoot(), 'bench', 'out');
const CUTS = join(OUTPUT, 'data');
const TRUTH_K = 100;
const HELD_OUT = 1000;

const KNOWN: readonly KnownSet[] = [
  { main: 'photo-sift-1m', words: 'gloss-lsa-117k' },
  { main: 'sift-4k', words: 'gloss-4k' },
];

/** In the first of the folders that has a known set; default: the shared data beside the project, then the sample. */
export async function findDataSets(folder?: string): Promise<DataSets> {
  const root = projectRoot();
  const folders = folder === undefined ? [join(root, '..', 'shared', 'data'), join(root, 'test', 'sample')] : [folder];
  for (const dir of folders) {
    for (const { main, words } of KNOWN) {
      const base = join(dir, `${main}.base.u8bin`);
      if (!existsSync(base)) continue;
      const found = { base, queries: join(dir, `${main}.query.u8bin`), truth: join(dir, `${main}.gt100.ivecs`) };
      const other = join(dir, words);
      const text = {
        base: `${other}.base.f16.npy`,
        queries: `${other}.query.f16.npy`,
        truth: `${other}.gt100.ivecs`,
        payload: `${other}.payload.jsonl.gz`,
      };
      const result: DataSets = { main: await describe(main, 'l2', found) };
      if (existsSync(text.base)) result.words = await describe(words, 'cosine', text);
      return result;
    }
  }
  const names = KNOWN.map(({ main }) => `${main}.base.u8bin`).join(' or ');
  throw new Error(`no ${names} in ${folders.join(', ')}: give a vector file with --data`);
}

/** A vector file of anybody's. Without queries its last rows are held out as queries; without truth it is computed. */
export async function givenDataSet(files: GivenFiles): Promise<DataSet> {
  mkdirSync(CUTS, { recursive: true });
  let base = resolve(files.data);
  // Files of one name in two folders are two sets.
  const place = crc32(base).toString(16).padStart(8, '0');
  const name = `${basename(files.data).replace(/\.[^.]*$/, '')}-${place}`;
  let queries = files.queries;
  if (queries === undefined) {
    const { rows } = await shapeOf(base);
    const held = Math.min(HELD_OUT, Math.floor(rows / 10));
    if (held < 1) throw new Error(`${base} has ${rows} rows, too few to hold queries out: give --queries`);
    const parts = { base: cutPath(`${name}-base`, base), queries: cutPath(`${name}-queries`, base) };
    await cut(base, parts.base, ['--rows', `${rows - held}`]);
    await cut(base, parts.queries, ['--start', `${rows - held}`]);
    ({ base, queries } = parts);
  }
  const truth = files.truth ?? (await computeTruth(name, base, resolve(queries), files.metric));
  return describe(name, files.metric, { base, queries: resolve(queries), truth });
}

/** The first `rows` rows and `queries` queries of a set, with their own truth; the set itself when it has no more. */
export async function cutDataSet(set: DataSet, rows: number, queries: number): Promise<DataSet> {
  if (rows >= set.rows && queries >= set.queryCount) return set;
  mkdirSync(CUTS, { recursive: true });
  const [kept, asked] = [Math.min(rows, set.rows), Math.min(queries, set.queryCount)];
  const name = `${set.name}-${kept}r-${asked}q`;
  const base = kept === set.rows ? set.base : cutPath(`${set.name}-${kept}r-base`, set.base);
  if (base !== set.base) await cut(set.base, base, ['--rows', `${kept}`]);
  const queryFile = asked === set.queryCount ? set.queries : cutPath(`${set.name}-${asked}q-queries`, set.queries);
  if (queryFile !== set.queries) await cut(set.queries, queryFile, ['--rows', `${asked}`]);
  const truth = kept === set.rows ? await cutTruth(set, asked) : await computeTruth(name, base, queryFile, set.metric);
  return describe(name, set.metric, { base, queries: queryFile, truth });
}

/** So many generated rows of the shape of a set, in a folder, with queries and exact neighbours. */
export async function generatedDataSet(like: DataSet, rows: number, queries: number, folder: string): Promise<DataSet> {
  const { dim, element, metric } = like;
  const files = {
    base: join(folder, 'base.npy'),
    queries: join(folder, 'queries.npy'),
    truth: join(folder, 'truth.ivecs'),
  };
  const shape = ['--rows', `${rows}`, '--dim', `${dim}`, '--element', element];
  await vamana(['generate', files.base, ...shape, '--queries', files.queries, '--query-rows', `${queries}`]);
  const kind = ['--metric', metric, '--k', `${TRUTH_K}`];
  await vamana(['truth', '--data', files.base, '--queries', files.queries, ...kind, '--out', files.truth]);
  return describe(`generated-${rows}r`, metric, files);
}

interface Files {
  base: string;
  queries: string;
  truth: string;
  payload?: string;
}

async function describe(name: string, metric: Metric, files: Files): Promise<DataSet> {
  const { rows, dim, element } = await shapeOf(files.base);
  const { rows: queryCount } = await shapeOf(files.queries);
  if (element === 'i32') throw new Error(`${files.base} holds i32, which are ids and not vectors`);
  return { name, metric, rows, dim, element, queryCount, ...files };
}

async function shapeOf(path: string): Promise<{ rows: number; dim: number; element: VectorElement | 'i32' }> {
  const source = await openVectorSource(path);
  const { rows, dim, element } = source;
  source.close();
  return { rows, dim, element };
}

function cutPath(name: string, like: string): string {
  return join(CUTS, `${name}${/\.[^./]*$/.exec(like)?.[0] ?? ''}`);
}

async function cut(from: string, to: string, range: readonly string[]): Promise<void> {
  if (isNewer(to, from)) return;
  await vamana(['convert', from, to, ...range, '--force']);
}

async function computeTruth(name: string, base: string, queries: string, metric: Metric): Promise<string> {
  const out = join(CUTS, `${name}-${metric}.gt.ivecs`);
  if (isNewer(out, base) && isNewer(out, queries)) return out;
  const { rows } = await shapeOf(base);
  const options = ['--k', `${Math.min(TRUTH_K, rows)}`, '--metric', metric, '--out', out, '--force'];
  await vamana(['truth', '--data', base, '--queries', queries, ...options]);
  return out;
}

async function cutTruth(set: DataSet, queries: number): Promise<string> {
  const out = join(CUTS, `${set.name}-${queries}q.gt.ivecs`);
  if (isNewer(out, set.truth)) return out;
  const { k, ids } = await readIds(set.truth);
  const part = out.replace(/\.ivecs$/, '.part.ivecs');
  await writeIds(part, { k, ids: ids.subarray(0, queries * k) }, { force: true });
  renameSync(part, out);
  return out;
}

function isNewer(path: string, source: string): boolean {
  return existsSync(path) && statSync(path).mtimeMs >= statSync(source).mtimeMs;
}
