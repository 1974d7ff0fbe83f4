// The searches of service-load.ts: one after another, batches with several in flight, and single ones at a fixed rate,
// whatever becomes of those before (open loop: from when each was due).
import { setTimeout } from 'node:timers/promises';
import { percentile } from '../tools/statistics.js';
import { BATCH, QUERIES, type Target } from './service-target.js';

export const IN_FLIGHT = 4;

/** p50 in milliseconds. */
export async function singleMs(search: (at: number) => Promise<unknown>, searches = QUERIES): Promise<number> {
  const found = new Float64Array(searches);
  for (let at = 0; at < searches; at += 1) {
    const startMs = performance.now();
    await search(at);
    found[at] = performance.now() - startMs;
  }
  return percentile(found.sort(), 0.5);
}

/** Queries a second, of so many batches. */
export async function batchQps(target: Pick<Target, 'searchBatch'>, batches: number): Promise<number> {
  const firsts = Array.from({ length: batches }, (_, at) => (at * BATCH) % QUERIES);
  const took = await secondsOf(() => inParallel(firsts, (first) => target.searchBatch(first)));
  return (batches * BATCH) / took;
}

/** Milliseconds from when each search was due until its answer was there, ascending. */
export async function openLoop(target: Target, rate: number, seconds: number): Promise<Float64Array> {
  const startMs = performance.now();
  const answers: Promise<number>[] = [];
  for (let at = 0; at < rate * seconds; at += 1) {
    const dueMs = startMs + (at / rate) * 1000;
    if (dueMs > performance.now()) await setTimeout(dueMs - performance.now());
    answers.push(target.search(at).then(() => performance.now() - dueMs));
  }
  return Float64Array.from(await Promise.all(answers)).sort();
}

/** Share of the nearest that both found. */
export async function agreement(one: readonly number[][], other: readonly number[][]): Promise<number> {
  let same = 0;
  let all = 0;
  for (const [at, ids] of one.entries()) {
    const known = new Set(other[at]);
    same += ids.filter((id) => known.has(id)).length;
    all += ids.length;
  }
  return same / Math.max(1, all);
}

export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1000;
}

/** IN_FLIGHT at once. */
export async function inParallel<Item>(items: readonly Item[], work: (item: Item) => Promise<unknown>): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    for (let item = items[next]; item !== undefined; item = items[next]) {
      next += 1;
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, one));
}

export function median(values: readonly number[]): number {
  return percentile(Float64Array.from(values).sort(), 0.5);
}
