// Searches of a collection as an open loop of Poisson arrivals, all the while until they are stopped; a latency runs from
// when a search was due, so that whatever held it up counts. Arrivals come from a thread of their own (pace-worker.ts).
// Called by endurance.ts and online-rebuild.ts.
import { Worker } from 'node:worker_threads';
import type { Collection } from '../../src/index.js';
import { mean, percentile } from '../../tools/statistics.js';
import { type ElementData, rowOf, type Vectors } from '../vectors.js';
import { clockMs } from './clock.js';

export interface Latencies {
  searches: number;
  mean: number;
  p50: number;
  p99: number;
  max: number;
}

export interface PacedSearches {
  /** What was measured since the last call, in milliseconds. */
  take(): Float64Array;
  /** How many failed. */
  failed(): number;
  stop(): Promise<void>;
}

const K = 10;

/** They are asked round and round. */
export function queryAt(queries: Vectors, at: number): ElementData {
  return rowOf(queries, at % queries.rows);
}

export function startSearches(
  collection: Collection,
  queries: Vectors,
  { perSecond, listSize, seed }: { perSecond: number; listSize: number; seed: number },
): PacedSearches {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('./pace-worker.js', import.meta.url), { workerData: { perSecond, seed, stop } });
  const pending = new Set<Promise<void>>();
  let latencies: number[] = [];
  let failed = 0;
  let asked = 0;
  worker.on('message', (due: number) => {
    const answered = collection.search(queryAt(queries, asked), { k: K, listSize }).then(
      () => void latencies.push(clockMs() - due),
      () => {
        failed += 1;
      },
    );
    asked += 1;
    pending.add(answered);
    void answered.finally(() => pending.delete(answered));
  });
  return {
    take: () => {
      const taken = Float64Array.from(latencies).sort();
      latencies = [];
      return taken;
    },
    failed: () => failed,
    stop: async () => {
      Atomics.store(stop, 0, 1);
      Atomics.notify(stop, 0);
      await new Promise((resolve) => worker.once('exit', resolve));
      await Promise.all(pending);
    },
  };
}

export function summarize(sorted: Float64Array): Latencies {
  return {
    searches: sorted.length,
    mean: mean(sorted),
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    max: sorted.at(-1) ?? Number.NaN,
  };
}

/** Searches a second, one after the other. */
export async function closedLoop(
  collection: Collection,
  queries: Vectors,
  listSize: number,
  seconds: number,
): Promise<number> {
  const end = clockMs() + seconds * 1000;
  const began = clockMs();
  let done = 0;
  for (; clockMs() < end; done += 1) await collection.search(queryAt(queries, done), { k: K, listSize });
  return (done / (clockMs() - began)) * 1000;
}
