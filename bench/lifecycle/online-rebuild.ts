// What a rebuild does to searches: windows of an open loop at a quarter of what one search after the other reaches, in
// pairs, one while a rebuild works and one while it is paused. The two of a pair are taken in turns of some seconds, so
// that what else the machine does falls on both. Once as fast as it can, to its end; once held to a share of a
// processor, giving way to searches as by default. Also what the job itself reports (pauses of writes, the exchange),
// with writes going on, and how long a check of the health takes. Rebuilds are forced: what the gates said is told.
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Collection, type Job, type JobStatus, open, type RuntimeOptions } from '../../src/index.js';
import { rounded } from '../../tools/output.js';
import { closedLoop, type Latencies, type PacedSearches, startSearches, summarize } from './paced-searches.js';
import type { SetRows } from './set-rows.js';

export interface RebuildTask {
  rows: SetRows;
  points: number;
  windowSeconds: number;
  folder: string;
  threads: number;
  tell(line: string): void;
}

export interface Window {
  stage: string;
  latency: Latencies;
  /** Searches by milliseconds: the first BIN_MS wide, and so on; the last has all above. */
  histogram: number[];
}

export interface RebuildRun {
  way: 'as fast as it can' | 'throttled';
  windowSeconds: number;
  /** In pairs. */
  idle: Window[];
  rebuilding: Window[];
  /** Medians over the pairs of rebuilding to idle. */
  meanRatio: number;
  p99Ratio: number;
  /** From its beginning to its end, without the windows in which it was paused; gates and exchange included. */
  seconds: number;
  /** What it told of itself: pauses of writes, gates, memory. */
  job: Job;
}

export interface RebuildDocument {
  points: number;
  listSize: number;
  oneThreadPerSecond: number;
  searchesPerSecond: number;
  failedSearches: number;
  binMs: number;
  healthSeconds: number;
  healthQueries: number;
  /** The share of a processor that the throttled run had. */
  cpuPercent: number;
  runs: RebuildRun[];
}

const BIN_MS = 0.1;
const BINS = 100;
const PAIRS = 3;
const TURN_SECONDS = 5;
/** Of the throttled run; what the docs advise where searches must not feel a rebuild. */
const CPU_PERCENT = 10;
/** Windows of the throttled run to those of the other: it has the time, and its ratios are near to one. */
const THROTTLED_WINDOWS = 2.4;
const LIST_SIZE = 80;
const IDLE_SECONDS = 5;
const SETTLE_MS = 500;
const WRITE_MS = 1000;

export async function runRebuild(task: RebuildTask): Promise<RebuildDocument> {
  const dir = join(task.folder, 'rebuild');
  await fill(dir, task);
  const fast = await withCollection(dir, fastest(task.threads), async (collection) => {
    const perSecond = await closedLoop(collection, task.rows.queries, LIST_SIZE, IDLE_SECONDS);
    task.tell(`one search after the other: ${perSecond.toFixed(0)} a second`);
    return { perSecond, ...(await measure(task, collection, 'as fast as it can', perSecond / 4)) };
  });
  return withCollection(dir, { maintenance: { auto: false, cpuPercent: CPU_PERCENT } }, async (collection) => {
    const { seconds, queries } = await collection.health();
    task.tell(`health checked in ${seconds.toFixed(2)} s`);
    const longer = { ...task, windowSeconds: task.windowSeconds * THROTTLED_WINDOWS };
    const slow = await measure(longer, collection, 'throttled', fast.perSecond / 4);
    return {
      points: task.points,
      listSize: LIST_SIZE,
      oneThreadPerSecond: rounded(fast.perSecond, 4),
      searchesPerSecond: rounded(fast.perSecond / 4, 4),
      failedSearches: fast.failed + slow.failed,
      binMs: BIN_MS,
      healthSeconds: rounded(seconds, 3),
      healthQueries: queries,
      cpuPercent: CPU_PERCENT,
      runs: [fast.run, slow.run],
    };
  });
}

/** No throttle, all processors. */
function fastest(threads: number): RuntimeOptions {
  return { buildThreads: threads, maintenance: { auto: false, yieldToSearches: false, p99BudgetMs: 0 } };
}

async function fill(dir: string, { rows, points, threads, tell }: RebuildTask): Promise<void> {
  tell(`inserting ${points} points`);
  const options: RuntimeOptions = { buildThreads: threads, maintenance: { auto: false } };
  const database = await open(dir, options);
  try {
    const collection = await database.createCollection('points', rows.collection);
    await rows.insert(collection, 0, points);
    await collection.flush();
  } finally {
    await database.close();
  }
}

async function withCollection<T>(
  dir: string,
  options: RuntimeOptions,
  work: (collection: Collection) => Promise<T>,
): Promise<T> {
  const database = await open(dir, options);
  try {
    return await work(await database.collection('points'));
  } finally {
    await database.close();
  }
}

async function measure(
  task: RebuildTask,
  collection: Collection,
  way: RebuildRun['way'],
  perSecond: number,
): Promise<{ run: RebuildRun; failed: number }> {
  const searches = startSearches(collection, task.rows.queries, { perSecond, listSize: LIST_SIZE, seed: 1 });
  const writing = new AbortController();
  const writes = keepWriting(task, collection, writing.signal);
  try {
    // What the first searches find cold is no business of the rebuild.
    await setTimeout(1000 * task.windowSeconds);
    const paired = await measurePairs(task, collection, searches);
    const { idle, rebuilding, job, seconds } = paired;
    const meanRatio = median(idle.map(({ latency }, at) => (rebuilding[at] as Window).latency.mean / latency.mean));
    const p99Ratio = median(idle.map(({ latency }, at) => (rebuilding[at] as Window).latency.p99 / latency.p99));
    const ratios = `mean x ${meanRatio.toFixed(3)}, p99 x ${p99Ratio.toFixed(3)}`;
    task.tell(`${way}: ${seconds.toFixed(0)} s, searches: ${ratios}; writes waited ${job.pausedMs?.toFixed(1)} ms`);
    const ratio = { meanRatio: rounded(meanRatio, 4), p99Ratio: rounded(p99Ratio, 4) };
    const { windowSeconds } = task;
    const run = { way, windowSeconds, idle, rebuilding, ...ratio, seconds: rounded(seconds, 4), job };
    return { run, failed: searches.failed() };
  } finally {
    writing.abort();
    await Promise.all([searches.stop(), writes]);
  }
}

/** In turns: nothing, the rebuild; it stands still in between. The rest of it goes on to its end. */
async function measurePairs(
  { windowSeconds, tell }: RebuildTask,
  collection: Collection,
  searches: PacedSearches,
): Promise<Pick<RebuildRun, 'idle' | 'rebuilding' | 'seconds'> & { job: Job }> {
  const [idle, rebuilding]: [Window[], Window[]] = [[], []];
  const began = performance.now();
  let pausedMs = 0;
  const running = collection.rebuild({ force: true });
  const id = collection.jobs().at(-1)?.id as number;
  const stage = (): string => {
    const { state, progress } = collection.jobs().at(-1) as JobStatus;
    return state === 'RUNNING' ? (progress?.stage ?? 'begin') : state.toLowerCase();
  };
  const turn = async (): Promise<Float64Array> => {
    await setTimeout(SETTLE_MS);
    searches.take();
    await setTimeout(1000 * TURN_SECONDS);
    return searches.take();
  };
  const close = (to: Window[], taken: readonly Float64Array[], stages: ReadonlySet<string>): void => {
    const seen = windowOf(taken, [...stages].join(', '));
    to.push(seen);
    const { mean, p50, p99 } = seen.latency;
    tell(`  ${seen.stage}: mean ${mean.toFixed(3)}, p50 ${p50.toFixed(3)}, p99 ${p99.toFixed(3)} ms`);
  };
  const turns = Math.round(windowSeconds / TURN_SECONDS);
  for (let pair = 1; pair <= PAIRS; pair += 1) {
    const [still, working]: [Float64Array[], Float64Array[]] = [[], []];
    const stages = new Set<string>();
    for (let at = 0; at < turns; at += 1) {
      const paused = performance.now();
      collection.pauseJob(id);
      still.push(await turn());
      collection.pauseJob(id, false);
      pausedMs += performance.now() - paused;
      stages.add(stage());
      working.push(await turn());
      stages.add(stage());
    }
    close(idle, still, new Set(['idle']));
    close(rebuilding, working, stages);
  }
  const job = (await running) as Job;
  return { idle, rebuilding, job, seconds: (performance.now() - began - pausedMs) / 1000 };
}

/** A little all the while, so that there is something to be held up. */
async function keepWriting({ points }: RebuildTask, collection: Collection, signal: AbortSignal): Promise<void> {
  for (let at = 0; !signal.aborted; at += 1) {
    await collection.setPayload([at % points], { touched: at });
    await setTimeout(WRITE_MS);
  }
}

function windowOf(taken: readonly Float64Array[], stage: string): Window {
  const sorted = Float64Array.from(taken.flatMap((some) => [...some])).sort();
  const histogram = Array.from({ length: BINS }, () => 0);
  for (const ms of sorted) {
    const bin = Math.min(BINS - 1, Math.floor(ms / BIN_MS));
    histogram[bin] = (histogram[bin] as number) + 1;
  }
  return { stage, latency: summarize(sorted), histogram };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
