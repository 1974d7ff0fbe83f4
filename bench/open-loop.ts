// An open-loop load: requests are sent when they are due, whether or not those before them were answered, and a latency
// runs from when a request was due. A closed loop waits for a slow server and so hides what its clients would see.
import { percentile } from '../tools/statistics.js';
import { poissonGap } from './random.js';

export interface LoadOptions {
  perSecond: number;
  seconds: number;
  /** Of arrivals. */
  random: () => number;
  /** Resolves to whether the request was served; rejections count as failures. */
  send: (at: number) => Promise<boolean>;
}

export interface LoadResult {
  offered: number;
  sent: number;
  failed: number;
  /** Served a second, until the last answer. */
  served: number;
  p50_ms: number;
  p99_ms: number;
  max_ms: number;
}

export async function openLoop({ perSecond, seconds, random, send }: LoadOptions): Promise<LoadResult> {
  const latencies: number[] = [];
  const pending: Promise<void>[] = [];
  let failed = 0;
  const started = performance.now();
  const request = async (at: number, due: number): Promise<void> => {
    try {
      if (await send(at)) latencies.push(performance.now() - due);
      else failed += 1;
    } catch {
      failed += 1;
    }
  };
  let due = started + poissonGap(perSecond, random);
  for (let at = 0; due < started + seconds * 1000; at += 1) {
    await until(due);
    pending.push(request(at, due));
    due += poissonGap(perSecond, random);
  }
  await Promise.all(pending);
  const took = (performance.now() - started) / 1000;
  latencies.sort((a, b) => a - b);
  return {
    offered: perSecond,
    sent: pending.length,
    failed,
    served: latencies.length / took,
    p50_ms: percentile(latencies, 0.5),
    p99_ms: percentile(latencies, 0.99),
    max_ms: latencies.at(-1) ?? Number.NaN,
  };
}

// Timers are of whole milliseconds; what is left after one is passed in turns of the event loop, which answers need.
async function until(due: number): Promise<void> {
  for (;;) {
    const left = due - performance.now();
    if (left <= 0) return;
    await new Promise<void>((resolve) => {
      if (left > 2) setTimeout(resolve, left - 1);
      else setImmediate(resolve);
    });
  }
}
