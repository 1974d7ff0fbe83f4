// A call that is made again while it is refused as BUSY. What a job asks must not fail because many search meanwhile: a
// merge that is given up for it leaves them as slow. Called by canary.ts, gates.ts and the benchmark of the lifecycle.
import { setTimeout } from 'node:timers/promises';
import { asVamanaError } from '../errors.js';

const WAIT_MS_MAX = 60_000;
const PAUSE_MS = 50;

/** What the first call gives that is not refused so, or its failure; the refusal when they are still after `waitMs`. */
export async function oncePossible<T>(call: () => Promise<T>, waitMs = WAIT_MS_MAX): Promise<T> {
  for (const end = performance.now() + waitMs; ; await setTimeout(PAUSE_MS)) {
    try {
      return await call();
    } catch (error) {
      if (asVamanaError(error).code !== 'BUSY' || performance.now() >= end) throw error;
    }
  }
}
