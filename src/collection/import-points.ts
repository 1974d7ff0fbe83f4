// Many points from an iterator into a collection: batches of them, several in flight so that they share syncs of the
// log, acknowledged in their order. What was acknowledged stays whatever happens next, so a caller that notes how far
// it came can go on from there. Called by Collection.import.
import type { WriteResult } from '../commit-queue/commit-queue.js';
import { VamanaError } from '../errors.js';

export interface ImportOptions {
  /** Points a batch, 1000 by default; fewer where their vectors are large. */
  batchPoints?: number;
  /** Batches that are written at once; 4 by default. */
  inFlight?: number;
  /** Takes no more points; the import then rejects with ABORTED once the batches in flight have ended. */
  signal?: AbortSignal;
  /** Hears, in order, how many of the points are durable; it is waited for. */
  onAcknowledged?: (points: number) => Promise<void> | void;
}

export interface ImportResult {
  points: number;
  /** Of the last batch; 0 when there was none. */
  seq: number;
}

/** A point, or what is to become of one. */
interface WithVector {
  vector?: { readonly length: number };
  vectors?: Readonly<Record<string, { readonly length: number }>>;
}

const BATCH_BYTES_MAX = 8 * 1024 * 1024;

export async function importPoints<Point extends WithVector>(
  points: AsyncIterable<Point> | Iterable<Point>,
  write: (batch: readonly Point[]) => Promise<WriteResult>,
  { batchPoints = 1000, inFlight = 4, signal, onAcknowledged }: ImportOptions,
): Promise<ImportResult> {
  const waiting: { count: number; done: Promise<WriteResult> }[] = [];
  const result: ImportResult = { points: 0, seq: 0 };
  const acknowledge = async (): Promise<void> => {
    const first = waiting.shift();
    if (first === undefined) return;
    result.seq = (await first.done).seq;
    result.points += first.count;
    await onAcknowledged?.(result.points);
  };
  try {
    for await (const batch of batches(points, Math.max(1, batchPoints))) {
      if (signal?.aborted === true) break;
      const done = write(batch);
      // Met when its turn comes; until then it must not count as unhandled.
      done.catch(() => undefined);
      waiting.push({ count: batch.length, done });
      if (waiting.length >= inFlight) await acknowledge();
    }
    while (waiting.length > 0) await acknowledge();
  } finally {
    await Promise.allSettled(waiting.map(({ done }) => done));
  }
  if (signal?.aborted !== true) return result;
  throw new VamanaError('ABORTED', `the import was stopped after ${result.points} points, which are written`);
}

function elementsOf({ vector, vectors = {} }: WithVector): number {
  return Object.values(vectors).reduce((sum, { length }) => sum + length, vector?.length ?? 0);
}

async function* batches<Point extends WithVector>(
  points: AsyncIterable<Point> | Iterable<Point>,
  most: number,
): AsyncGenerator<Point[], void> {
  let batch: Point[] = [];
  let bytes = 0;
  for await (const point of points) {
    batch.push(point);
    bytes += 8 * elementsOf(point);
    if (batch.length < most && bytes < BATCH_BYTES_MAX) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}
