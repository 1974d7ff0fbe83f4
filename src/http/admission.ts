// How much is let in. Reading and writing have a lane each, so that writers who wait for room do not keep searches out.
// Of a lane so many requests are at work at once; the others wait in order. Who would have to wait longer than is of
// use is refused at the door, with a time to come back at: work that nobody waits for any more only makes everybody's
// answers late. And one key may be held to a rate. Bounds of the engine itself (BUSY) come on top, further in.
import type { ShedReason } from './metrics.js';
import { WireError } from './wire-error.js';

export interface AdmissionLimits {
  /** Requests at work or waiting, of both lanes. */
  requests: number;
  /** At work at once, of one lane. */
  concurrency: number;
  /** The longest wait for a place. */
  queueMs: number;
  /** Of one holder; 0 is no limit. */
  requestsPerSecond: number;
}

export type Lane = 'read' | 'write';

interface Waiter {
  timer: NodeJS.Timeout;
  enter(): void;
}

interface LaneState {
  atWork: number;
  /** In order of arrival. */
  waiting: Set<Waiter>;
  /** What a request takes, as the last ones did. */
  meanMs: number;
}

interface Bucket {
  tokens: number;
  filledMs: number;
}

/** Holders remembered: a client that makes up keys must not fill memory. */
const HOLDERS_MAX = 10_000;
/** What one request counts for in the mean. */
const MEAN_SHARE = 1 / 16;

export class Admission {
  private readonly lanes: Record<Lane, LaneState> = { read: emptyLane(), write: emptyLane() };
  private readonly buckets = new Map<string, Bucket>();

  constructor(
    private readonly limits: AdmissionLimits,
    private readonly onShed: (reason: ShedReason) => void = () => undefined,
  ) {}

  get inFlight(): number {
    return this.lanes.read.atWork + this.lanes.write.atWork;
  }

  get waiting(): number {
    return this.lanes.read.waiting.size + this.lanes.write.waiting.size;
  }

  /** Waits for a place; gives the function that leaves it. 503 when there is none soon enough, ABORTED by the signal. */
  async enter(lane: Lane, signal?: AbortSignal): Promise<() => void> {
    const state = this.lanes[lane];
    if (this.inFlight + this.waiting >= this.limits.requests) throw this.full('requests', 1);
    if (state.atWork < this.limits.concurrency) state.atWork += 1;
    else await this.wait(state, signal);
    const enteredMs = performance.now();
    return () => this.leave(state, performance.now() - enteredMs);
  }

  /** 429 when the holder has used up its rate; a second's worth may come at once. */
  spend(holder: string, nowMs: number): void {
    const rate = this.limits.requestsPerSecond;
    if (rate === 0) return;
    const bucket = this.buckets.get(holder) ?? { tokens: rate, filledMs: nowMs };
    this.buckets.delete(holder);
    bucket.tokens = Math.min(rate, bucket.tokens + ((nowMs - bucket.filledMs) / 1000) * rate);
    bucket.filledMs = nowMs;
    this.buckets.set(holder, bucket);
    if (this.buckets.size > HOLDERS_MAX) this.buckets.delete(this.buckets.keys().next().value as string);
    if (bucket.tokens < 1) {
      this.onShed('rate');
      throw new WireError(429, `Rate limit exceeded: at most ${rate} requests a second; try again later`, 1);
    }
    bucket.tokens -= 1;
  }

  private wait(state: LaneState, signal: AbortSignal | undefined): Promise<void> {
    const { concurrency, queueMs } = this.limits;
    const expectedMs = ((state.waiting.size + 1) * state.meanMs) / concurrency;
    if (expectedMs > queueMs) throw this.full('queue', expectedMs / 1000);
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        clearTimeout(waiter.timer);
        state.waiting.delete(waiter);
        signal?.removeEventListener('abort', abort);
        settle();
      };
      const abort = (): void => end(() => reject(new WireError(408, 'the time was up before there was a place')));
      const waiter: Waiter = {
        timer: setTimeout(() => end(() => reject(this.full('queue', queueMs / 1000))), queueMs),
        enter: () => end(resolve),
      };
      state.waiting.add(waiter);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  // The place goes to who has waited longest.
  private leave(state: LaneState, tookMs: number): void {
    state.meanMs += (tookMs - state.meanMs) * MEAN_SHARE;
    const [next] = state.waiting;
    if (next === undefined) state.atWork -= 1;
    else next.enter();
  }

  private full(reason: ShedReason, seconds: number): WireError {
    this.onShed(reason);
    const found = `${this.inFlight} requests are at work and ${this.waiting} wait`;
    return new WireError(503, `Service overloaded: ${found}; try again later`, Math.max(1, Math.ceil(seconds)));
  }
}

function emptyLane(): LaneState {
  return { atWork: 0, waiting: new Set(), meanMs: 0 };
}
