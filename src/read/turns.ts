// Long work on the event loop, done in turns: asked between two steps whether others shall be let in, which is so after
// some milliseconds. Called by what counts and orders by field indexes, by what puts many points together, and by gates.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { abortedError } from '../segment/cancellable.js';

const TURN_MS = 2;

export class Turns {
  /** Whether others had a turn meanwhile. */
  taken = false;
  private began = performance.now();

  constructor(private readonly signal?: AbortSignal | undefined) {}

  /** A promise to be awaited where this turn has lasted long enough, else undefined. It rejects with ABORTED. */
  next(): Promise<void> | undefined {
    return performance.now() - this.began < TURN_MS ? undefined : this.rest();
  }

  private async rest(): Promise<void> {
    this.taken = true;
    await nextTurn();
    if (this.signal?.aborted === true) throw abortedError(this.signal);
    this.began = performance.now();
  }
}
