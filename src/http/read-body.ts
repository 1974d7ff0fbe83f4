// A request's body, read into memory up to a limit and within a time. What is longer is read to its end and thrown away
// before the refusal is sent: a client that is cut off while it writes sees a broken connection, not the answer. One
// that sends without end is answered, and cut off, all the same. What all bodies together take is bounded too.
import type { Readable } from 'node:stream';
import type { ShedReason } from './metrics.js';
import { WireError } from './wire-error.js';

export interface BodyLimits {
  /** Of one body. */
  bytes: number;
  /** Of all that are being read or worked on. */
  totalBytes: number;
  /** For one to arrive. */
  seconds: number;
}

/** Times the limit that are read before the connection is given up. */
const DRAIN_FACTOR = 8;
const FIRST_BYTES = 64 * 1024;

/** One body's part of what all may take. */
export interface BodyShare {
  /** Idempotent; to be called when nothing of the body is needed any more. */
  release(): void;
}

export class BodyReader {
  private held = 0;

  constructor(
    private readonly limits: BodyLimits,
    private readonly onShed: (reason: ShedReason) => void = () => undefined,
  ) {}

  /** Bytes of bodies that are being read or worked on. */
  get bytes(): number {
    return this.held;
  }

  /** 408, 413, and 503 when the others leave no room. `declared` is what the client says it will send. */
  async read(stream: Readable, declared: number | undefined): Promise<{ bytes: Uint8Array; share: BodyShare }> {
    const share = new Share((change) => this.hold(change));
    try {
      const body = new Body(this.limits.bytes, declared, share);
      await this.collect(stream, (chunk) => body.add(chunk));
      return { bytes: body.end(), share };
    } catch (error) {
      share.release();
      throw error;
    }
  }

  // Not an iterator, whose end would destroy the stream, and with it the connection that the refusal goes through: what
  // still comes after one flows away unseen.
  private collect(stream: Readable, add: (chunk: Buffer) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: unknown): void => {
        clearTimeout(late);
        stream.off('data', take).off('end', settle).off('close', cut).off('error', settle);
        // Of one that was cut off, which nobody hears of any more.
        stream.on('error', () => undefined);
        if (error === undefined) {
          resolve();
        } else {
          stream.resume();
          reject(error);
        }
      };
      const take = (chunk: Buffer): void => {
        try {
          add(chunk);
        } catch (error) {
          settle(error);
        }
      };
      const cut = (): void => settle(new WireError(400, 'Payload error: the connection ended before the body did'));
      const late = setTimeout(() => settle(this.tooSlow()), this.limits.seconds * 1000);
      stream.on('data', take).on('end', settle).on('close', cut).on('error', settle);
    });
  }

  private hold(change: number): void {
    if (change > 0 && this.held + change > this.limits.totalBytes) {
      this.onShed('bodies');
      const found = `bodies of ${this.held} bytes are being worked on`;
      throw new WireError(503, `Service overloaded: ${found}; try again later`, 1);
    }
    this.held += change;
  }

  private tooSlow(): WireError {
    return new WireError(408, `Payload error: the body did not arrive within ${this.limits.seconds} seconds`);
  }
}

class Share implements BodyShare {
  private taken = 0;

  constructor(private readonly hold: (change: number) => void) {}

  take(bytes: number): void {
    this.hold(bytes);
    this.taken += bytes;
  }

  release(): void {
    this.hold(-this.taken);
    this.taken = 0;
  }
}

/** What came of a body so far; beyond the limit only counted. */
class Body {
  private buffer = Buffer.allocUnsafeSlow(0);
  private bytes = 0;

  constructor(
    private readonly most: number,
    declared: number | undefined,
    private readonly share: Share,
  ) {
    if (declared !== undefined && declared <= most) this.grow(declared);
  }

  add(chunk: Uint8Array): void {
    const end = this.bytes + chunk.length;
    if (end <= this.most) {
      // Twice as much each time, so that a body of unknown length is copied about once.
      if (end > this.buffer.length) this.grow(Math.min(this.most, Math.max(FIRST_BYTES, 2 * end)));
      this.buffer.set(chunk, this.bytes);
    }
    this.bytes = end;
    if (end > this.most * DRAIN_FACTOR) throw this.tooLarge(`more than ${this.most * DRAIN_FACTOR}`);
  }

  end(): Uint8Array {
    if (this.bytes > this.most) throw this.tooLarge(String(this.bytes));
    return this.buffer.subarray(0, this.bytes);
  }

  private grow(bytes: number): void {
    this.share.take(bytes - this.buffer.length);
    const after = Buffer.allocUnsafeSlow(bytes);
    after.set(this.buffer.subarray(0, this.bytes));
    this.buffer = after;
  }

  private tooLarge(found: string): WireError {
    return new WireError(
      413,
      `Payload error: found a body of ${found} bytes, at most ${this.most} are taken; split it`,
    );
  }
}
