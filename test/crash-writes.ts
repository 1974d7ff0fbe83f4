// What the writers of the crash tests write: batch n of a writer is made of the seed, the writer and n alone, so that
// the process that is killed and the one that checks agree on it without a word. Writers have ids of their own.
import type { PointId, WriteBatch } from '../src/index.js';
import type { PointModel, Space } from './point-model.js';
import { Random, RandomWrites } from './random-writes.js';

export const WRITERS = 4;
export const CRASH_COLLECTION = 'crash';
const IDS_EACH = 60;

export function crashSpace(seed: number): Space {
  const random = new Random(seed);
  return {
    dim: random.pick([3, 8, 24]),
    metric: random.pick(['l2', 'cosine', 'dot'] as const),
    element: random.pick(['f32', 'u8', 'i8'] as const),
  };
}

/** One more than the writers have: nobody writes point 0 but to mark a batch. */
export function markOf(writer: number): PointId {
  return BigInt(writer * 1000);
}

export function writerOf(id: PointId): number {
  return Math.floor(Number(id) / 1000);
}

/** Every batch replaces the writer's mark, so that what follows on batch n is told from what follows on n - 1. */
export function crashBatch(seed: number, space: Space, writer: number, n: number): WriteBatch {
  const random = new Random(seed * 1_000_003 + writer * 7919 + n * 104_729);
  const ids = Array.from({ length: IDS_EACH }, (_, i): PointId => BigInt(writer * 1000 + 1 + i));
  const writes = new RandomWrites(random, space, ids);
  const few = (most: number): PointId[] => Array.from({ length: random.int(most + 1) }, () => writes.id());
  const upserts = Array.from({ length: 1 + random.int(8) }, () => writes.point());
  const mark = { id: markOf(writer), vector: writes.vector(), payload: { n } };
  return [
    { upsert: upserts },
    ...(random.chance(0.6) ? [{ delete: few(4) }] : []),
    ...(random.chance(0.3) ? [{ setPayload: writes.payload(), ids: few(3) }] : []),
    ...(random.chance(0.3) ? [{ updateVectors: few(3).map((id) => ({ id, vector: writes.vector() })) }] : []),
    ...(random.chance(0.1) ? [{ clearPayload: few(2) }] : []),
    { upsert: [mark] },
  ];
}

/** The model with the writer's batches 1 to n, from where it stands. */
export function advance(model: PointModel, seed: number, writer: number, from: number, to: number): void {
  for (let n = from + 1; n <= to; n += 1) {
    const outcome = model.outcome(crashBatch(seed, model.space, writer, n));
    if (outcome !== null) model.accept(outcome);
  }
}
