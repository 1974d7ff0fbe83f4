// One measured search: all queries through an open index, timed, with recall and memory, as the document of
// search-document.ts. Called by the `search` and `bench` verbs and by the demo. There is no warm-up: the page
// cache is as the index was opened.
import { setMaxListeners } from 'node:events';
import { resolve } from 'node:path';
import { loadNative } from '../src/binding.js';
import { NO_ROW, type SearchCosts, type VectorIndex } from '../src/index.js';
import { kthTrueDistances } from '../src/segment/index-recall.js';
import { type RecallInput, tieAwareRecall } from '../src/segment/recall.js';
import type { IdTable } from '../src/source/ids.js';
import { processMemory, residentMapped } from './machine.js';
import { rounded } from './output.js';
import { createProgress } from './progress.js';
import type { QuerySet } from './queries.js';
import type { IndexFacts, SearchDocument } from './search-document.js';
import { type Latency, mean, summarizeLatency } from './statistics.js';

export interface SearchSettings {
  k: number;
  listSize: number;
  rerank: 'auto' | number;
  exact: boolean;
  scores: 'exact' | 'approximate';
  threads: number;
  cacheBytes: number;
  /** How often all queries are run; costs and times are of all rounds, rows of the last. 1 by default. */
  repeat?: number;
}

export interface SearchRun {
  document: SearchDocument;
  /** Found rows, count x k, nearest first. */
  rows: Uint32Array;
  distances: Float32Array;
}

export interface SearchRunOptions {
  index: VectorIndex;
  /** The index's folder, whose mapped pages are counted. */
  dir: string;
  queries: QuerySet;
  truth: IdTable | undefined;
  settings: SearchSettings;
  signal: AbortSignal;
}

interface Found {
  rows: Uint32Array;
  distances: Float32Array;
  costs: SearchCosts[];
  /** Searched, over all rounds. */
  queries: number;
  seconds: number;
}

// Small enough to show progress, large enough that a call costs nothing beside its queries.
const CHUNK_QUERIES = 256;
const CHUNKS_IN_FLIGHT = 16;

export async function runSearch(options: SearchRunOptions): Promise<SearchRun> {
  const { index, settings } = options;
  const found = await searchAll(options);
  const stats = index.stats();
  const { rssPeak, anonymous } = processMemory();
  const { graph, codes, cache } = stats.memory;
  const mapped = stats.io.kind === 'mmap' ? residentMapped(resolve(options.dir)) : 0;
  const recall = await measureRecall(options, found);
  const document: SearchDocument = {
    index: indexFacts(index),
    params: {
      k: settings.k,
      list_size: settings.listSize,
      rerank: settings.rerank,
      exact: settings.exact,
      scores: settings.scores,
      io: stats.io.kind,
      threads: settings.threads,
      cache_bytes: settings.cacheBytes,
    },
    queries: found.queries,
    recall_at_k: recall === undefined ? null : rounded(recall),
    qps: rounded(found.queries / found.seconds),
    latency_us: latency(found.costs),
    per_query: perQuery(found.costs),
    memory_bytes: {
      graph,
      codes,
      cache,
      other: Math.max(0, anonymous - graph - codes - cache),
      rss_peak: rssPeak,
      anonymous,
      mapped,
    },
  };
  return { document, rows: found.rows, distances: found.distances };
}

export function indexFacts({ info }: Pick<VectorIndex, 'info'>): IndexFacts {
  return {
    rows: info.rows,
    dim: info.dim,
    metric: info.metric,
    element: info.element,
    degree_mean: rounded(info.degreeMean),
    bits_per_edge: rounded(info.bitsPerEdge),
    code: info.code,
  };
}

async function searchAll(options: SearchRunOptions): Promise<Found> {
  const { queries, settings } = options;
  const rounds = settings.repeat ?? 1;
  const found: Found = {
    rows: new Uint32Array(queries.count * settings.k),
    distances: new Float32Array(queries.count * settings.k),
    costs: [],
    queries: queries.count * rounds,
    seconds: 0,
  };
  const label = settings.exact ? 'exact scan' : 'search';
  const progress = createProgress({ label, total: found.queries, unit: 'queries' });
  // Every chunk in flight listens; Node would warn of a leak at the eleventh.
  setMaxListeners(CHUNKS_IN_FLIGHT + 1, options.signal);
  const startMs = performance.now();
  try {
    for (let round = 0; round < rounds; round += 1) {
      const before = round * queries.count;
      await searchRound(options, found, (done) => progress.update(before + done));
    }
    found.seconds = (performance.now() - startMs) / 1000;
    return found;
  } finally {
    progress.end();
  }
}

// All queries once. Several chunks are in flight, so that no worker waits while results are copied here.
async function searchRound(options: SearchRunOptions, found: Found, update: (done: number) => void): Promise<void> {
  const { index, queries, settings, signal } = options;
  const { k, listSize, rerank, exact, scores } = settings;
  const { count, dim, data } = queries;
  let next = 0;
  let done = 0;
  const lane = async (): Promise<void> => {
    while (next < count) {
      const first = next;
      const end = Math.min(count, first + CHUNK_QUERIES);
      next = end;
      const chunk = data.subarray(first * dim, end * dim);
      const result = await index.search(chunk, { k, listSize, rerank, exact, scores, costs: true, signal });
      found.rows.set(result.rows, first * k);
      found.distances.set(result.distances, first * k);
      if (result.costs !== undefined) found.costs.push(result.costs);
      done += end - first;
      update(done);
    }
  };
  try {
    await Promise.all(Array.from({ length: CHUNKS_IN_FLIGHT }, lane));
  } finally {
    next = count;
  }
}

async function measureRecall(options: SearchRunOptions, found: Found): Promise<number | undefined> {
  const { index, queries, truth, settings } = options;
  if (truth === undefined) return undefined;
  const input: RecallInput = {
    rows: found.rows,
    distances: settings.scores === 'exact' ? found.distances : await exactDistances(options, found.rows),
    count: queries.count,
    k: settings.k,
    noRow: NO_ROW,
    truth: truth.ids,
    truthWidth: truth.k,
  };
  return tieAwareRecall(input, await kthTrueDistances(index, queries, input));
}

/** Of rows that were found with estimates; Infinity where there is none. */
async function exactDistances(
  { index, queries, settings }: SearchRunOptions,
  rows: Uint32Array,
): Promise<Float32Array> {
  const { dim, data, count } = queries;
  const repeated = data.slice(0, 0).constructor as new (length: number) => typeof data;
  const asked = new repeated(rows.length * dim);
  for (let at = 0; at < count * settings.k; at += 1) {
    const query = Math.floor(at / settings.k);
    asked.set(data.subarray(query * dim, (query + 1) * dim), at * dim);
  }
  const distances = await index.distancesToRows(asked, rows);
  return distances.map((distance) => (Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance));
}

function latency(costs: readonly SearchCosts[]): Latency {
  const { mean, p50, p95, p99, p999 } = summarizeLatency(
    Float32Array.from(costs.flatMap((chunk) => [...chunk.totalUs])),
  );
  return { mean: rounded(mean), p50: rounded(p50), p95: rounded(p95), p99: rounded(p99), p999: rounded(p999) };
}

function perQuery(costs: readonly SearchCosts[]): SearchDocument['per_query'] {
  const column = (name: keyof SearchCosts): number => rounded(mean(costs.flatMap((chunk) => [...chunk[name]])));
  const reads = column('reads');
  return {
    reads,
    read_bytes: rounded(reads * loadNative().constants.pageBytes),
    reranked: column('reranked'),
    cache_hits: column('cacheHits'),
    hops: column('hops'),
    codes_scored: column('codesScored'),
    walk_us: column('walkUs'),
    read_us: column('readUs'),
    rank_us: column('rankUs'),
  };
}
