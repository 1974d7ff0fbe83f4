// The endurance run: a collection whose points are all replaced by others, one part in a hundred a step, while it is
// searched and maintains itself. Tells at intervals how well it finds what lives, against an exact scan, and what it
// takes; and at the end the same of a fresh build of the same points. Steps begin at a fixed interval, whatever the
// maintenance is at, as those of users would. Jobs that the run asks for itself are forced, so that a gate which the
// machine's noise fails ends no run of twenty minutes; which gates did is told.
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Collection, type JobTransition, open } from '../../src/index.js';
import { processMemory } from '../../tools/machine.js';
import { rounded } from '../../tools/output.js';
import { type FolderSizes, folderSizes } from './folder-sizes.js';
import { closedLoop, type Latencies, type PacedSearches, startSearches, summarize } from './paced-searches.js';
import type { SetRows } from './set-rows.js';

export interface EnduranceTask {
  rows: SetRows;
  /** Points that live at a time; as many others take their place. */
  points: number;
  steps: number;
  stepMs: number;
  folder: string;
  threads: number;
  tell(line: string): void;
}

export interface EndurancePoint {
  step: number;
  recall: number;
  segments: number;
  tombstones: number;
  freshRows: number;
  disk: FolderSizes;
  /** Of graph, codes and fresh rows in memory; and of the process, without the bench's own data. */
  indexBytes: number;
  anonymousBytes: number;
  latency: Latencies;
}

export interface BuiltFigures {
  recall: { listSize: number; recall: number }[];
  disk: FolderSizes;
  segments: number;
}

export interface EnduranceDocument {
  points: number;
  steps: number;
  stepMs: number;
  queries: number;
  listSize: number;
  searchesPerSecond: number;
  seconds: number;
  failedSearches: number;
  slowestStepMs: number;
  course: EndurancePoint[];
  jobs: { kind: string; state: string; reason: string; seconds: number; rows: number | null; refusedBy: string[] }[];
  /** At the end as it was; merged into one segment, after the grace; and a fresh build of the same points. */
  end: BuiltFigures;
  merged: BuiltFigures;
  fresh: BuiltFigures;
}

interface Run {
  task: EnduranceTask;
  dir: string;
  collection: Collection;
  /** By step. */
  truths: ReadonlyMap<number, Float64Array>;
  searches: PacedSearches;
}

const QUERIES = 500;
const LIST_SIZE = 80;
const LIST_SIZES = [40, 80, 160];
const LOOKS = 20;
const GRACE_MS = 3000;
const IDLE_SECONDS = 3;

export async function runEndurance(task: EnduranceTask): Promise<EnduranceDocument> {
  const began = performance.now();
  const dir = join(task.folder, 'endurance');
  const { collection, close } = await openNew(dir, task);
  try {
    await fill(collection, task, 0);
    const perSecond = (await closedLoop(collection, task.rows.queries, LIST_SIZE, IDLE_SECONDS)) / 4;
    const truths = await truthsOf(task);
    const searches = startSearches(collection, task.rows.queries, { perSecond, listSize: LIST_SIZE, seed: 1 });
    const { course, slowestStepMs } = await replaceAll({ task, dir, collection, truths, searches }).finally(() =>
      searches.stop(),
    );
    const truth = truths.get(task.steps) as Float64Array;
    const end = await figuresOf(task, dir, collection, truth);
    await collection.flush();
    await merge(collection);
    const merged = await figuresOf(task, dir, collection, truth);
    task.tell(`merged: ${shown(merged)}`);
    return {
      points: task.points,
      steps: task.steps,
      stepMs: task.stepMs,
      queries: QUERIES,
      listSize: LIST_SIZE,
      searchesPerSecond: rounded(perSecond, 3),
      seconds: rounded((performance.now() - began) / 1000, 4),
      failedSearches: searches.failed(),
      slowestStepMs,
      course,
      jobs: jobsOf(collection),
      end,
      merged,
      fresh: await buildFresh(task, truth),
    };
  } finally {
    await close();
  }
}

async function openNew(
  dir: string,
  { rows, points, tell }: EnduranceTask,
): Promise<{ collection: Collection; close: () => Promise<void> }> {
  const database = await open(dir, {
    deltaRows: Math.ceil(points / 20),
    maintenance: {
      checkIntervalMs: 1000,
      graceMs: GRACE_MS,
      healthIntervalMs: 30_000,
      onTransition: ({ kind, state, reason, error }: JobTransition) =>
        tell(`  ${kind} ${state}: ${reason}${error === null ? '' : `: ${error}`}`),
    },
  });
  const collection = await database.createCollection('points', rows.collection);
  return { collection, close: () => database.close() };
}

async function fill(collection: Collection, { rows, points, tell }: EnduranceTask, from: number): Promise<void> {
  tell(`inserting ${points} points`);
  await rows.insert(collection, from, from + points);
  await collection.flush();
  await waitForJobs(collection);
  await collection.rebuild({ force: true });
}

/** True neighbours at each step that is looked at: before the run, since a scan beside it would hold searches up. */
async function truthsOf({ rows, points, steps, threads, tell }: EnduranceTask): Promise<Map<number, Float64Array>> {
  tell('scanning for the true neighbours');
  const interval = Math.max(1, Math.round(steps / LOOKS));
  const truths = new Map<number, Float64Array>();
  for (let step = 0; step <= steps; step += 1) {
    if (step % interval !== 0 && step !== steps) continue;
    const from = Math.round((step * points) / steps);
    truths.set(step, await rows.truth(from, from + points, QUERIES, threads));
  }
  return truths;
}

async function replaceAll(run: Run): Promise<{ course: EndurancePoint[]; slowestStepMs: number }> {
  const { collection, truths } = run;
  const { rows, points, steps, stepMs, tell } = run.task;
  const part = points / steps;
  const course = [await look(run, 0)];
  let slowestStepMs = 0;
  for (let step = 1; step <= steps; step += 1) {
    const began = performance.now();
    const from = Math.round((step - 1) * part);
    const to = Math.round(step * part);
    await rows.remove(collection, from, to);
    await rows.insert(collection, points + from, points + to);
    const tookMs = performance.now() - began;
    slowestStepMs = Math.max(slowestStepMs, Math.round(tookMs));
    if (tookMs < stepMs) await setTimeout(stepMs - tookMs);
    if (!truths.has(step)) continue;
    const seen = await look(run, step);
    course.push(seen);
    tell(
      `step ${step}: recall ${seen.recall.toFixed(4)}, ${seen.segments} segments, p99 ${seen.latency.p99.toFixed(2)} ms`,
    );
  }
  return { course, slowestStepMs };
}

async function look({ task, dir, collection, truths, searches }: Run, step: number): Promise<EndurancePoint> {
  const latency = summarize(searches.take());
  const recall = await task.rows.recall(collection, truths.get(step) as Float64Array, LIST_SIZE);
  // The searches for it held others up, which is not the collection's doing.
  searches.take();
  const { segments, lifecycle, freshRows, memory } = collection.status();
  return {
    step,
    recall: rounded(recall, 5),
    segments: segments.length,
    tombstones: rounded(lifecycle.tombstones, 4),
    freshRows,
    disk: folderSizes(dir, collection),
    indexBytes: memory.graph + memory.codes + memory.rows + memory.deltas,
    anonymousBytes: processMemory().anonymous - task.rows.bytes,
    latency,
  };
}

async function merge(collection: Collection): Promise<void> {
  await waitForJobs(collection);
  await collection.compact({ force: true });
  await setTimeout(2 * GRACE_MS);
}

async function waitForJobs(collection: Collection): Promise<void> {
  while (collection.status().lifecycle.state === 'REBUILDING') await setTimeout(100);
}

async function buildFresh(task: EnduranceTask, truth: Float64Array): Promise<BuiltFigures> {
  const dir = join(task.folder, 'fresh');
  const { collection, close } = await openNew(dir, task);
  try {
    await fill(collection, task, task.points);
    await setTimeout(2 * GRACE_MS);
    const figures = await figuresOf(task, dir, collection, truth);
    task.tell(`fresh build: ${shown(figures)}`);
    return figures;
  } finally {
    await close();
  }
}

async function figuresOf(
  { rows }: EnduranceTask,
  dir: string,
  collection: Collection,
  truth: Float64Array,
): Promise<BuiltFigures> {
  const recall: BuiltFigures['recall'] = [];
  for (const listSize of LIST_SIZES) {
    recall.push({ listSize, recall: rounded(await rows.recall(collection, truth, listSize), 5) });
  }
  return { recall, disk: folderSizes(dir, collection), segments: collection.status().segments.length };
}

function jobsOf(collection: Collection): EnduranceDocument['jobs'] {
  return collection.jobs().map(({ kind, state, reason, startedAt, endedAt, rows, gates }) => ({
    kind,
    state,
    reason,
    seconds: endedAt === null ? Number.NaN : (Date.parse(endedAt) - Date.parse(startedAt)) / 1000,
    rows,
    refusedBy: gates.filter(({ passed }) => !passed).map(({ gate }) => gate),
  }));
}

function shown({ recall, disk }: BuiltFigures): string {
  const found = recall.map(({ listSize, recall: share }) => `${share.toFixed(4)} at list ${listSize}`).join(', ');
  return `recall ${found}; ${(disk.total / 1e6).toFixed(0)} MB`;
}
