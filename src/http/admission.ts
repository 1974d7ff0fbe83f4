// How much is let in. Work beyond what can be at hand at once is refused at the door, with a time to come back at,
// before it costs memory and makes everybody's answers late; and one key may be held to a rate. Bounds of the engine
// itself (BUSY) come on top, further in.
import { WireError } from './wire-error.js';

export interface AdmissionLimits {
  /** Requests at work or waiting. */
  requests: number;
  /** Of one holder; 0 is no limit. */
  requestsPerSecond: number;
}

interface Bucket {
  tokens: number;
  filledMs: number;
}

/** Holders remembered: a client that makes up keys must not fill memory. */
const HOLDERS_MAX = 10_000;

export class Admission {
  private inside = 0;
  private refusedCount = 0;
  private readonly buckets = new Map<string, Bucket>();

  constructor(private readonly limits: AdmissionLimits) {}

  get inFlight(): number {
    return this.inside;
  }

  get refused(): number {
    return this.refusedCount;
  }

  /** 503 when it is full. Each success is followed by one `leave`. */
  enter(): void {
    if (this.inside >= this.limits.requests) {
      this.refusedCount += 1;
      throw new WireError(503, `Service overloaded: ${this.inside} requests are at work already; try again later`, 1);
    }
    this.inside += 1;
  }

  leave(): void {
    this.inside -= 1;
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
      this.refusedCount += 1;
      throw new WireError(429, `Rate limit exceeded: at most ${rate} requests a second; try again later`, 1);
    }
    bucket.tokens -= 1;
  }
}
