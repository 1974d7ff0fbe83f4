// How well a collection is: recall of canary queries against an exact scan of the same snapshot, dead rows, segments. In a
// bounded time: of a large collection fewer queries are scanned for.
import type { NativeSnapshot } from '../binding.js';
import type { ReadonlyRoaringBitmap32 } from '../bitmap.js';
import type { Thresholds } from '../config/maintenance.js';
import { type Canary, recallOf, sampleCanary, searchCanary } from './canary.js';
import { type SegmentFacts, tombstoneRatio } from './merge-policy.js';

export interface HealthReport {
  checkedAt: string;
  seconds: number;
  /** Recall@10 at list size 64, and of how many queries; null where there are no points. */
  recall: number | null;
  queries: number;
  /** The recall when the generation was published, or at the first check since; what `recall` is compared with. */
  reference: number | null;
  tombstones: number;
  segments: number;
}

const QUERIES = 200;
const QUERIES_AT_ONCE = 10;
const SCAN_MS = 3000;

export async function measureHealth(
  snapshot: NativeSnapshot,
  live: ReadonlyRoaringBitmap32,
  facts: readonly SegmentFacts[],
  reference: number | null,
  signal?: AbortSignal,
): Promise<HealthReport> {
  const began = performance.now();
  const checkedAt = new Date().toISOString();
  const canary = await sampleCanary(snapshot, live, QUERIES);
  let queries = 0;
  let found = 0;
  for (; queries < canary.count && performance.now() - began < SCAN_MS; queries += QUERIES_AT_ONCE) {
    signal?.throwIfAborted();
    const some = slice(canary, queries, QUERIES_AT_ONCE);
    const truth = await searchCanary(snapshot, some, { exact: true });
    found += some.count * recallOf(await searchCanary(snapshot, some), truth);
  }
  const asked = Math.min(queries, canary.count);
  const recall = asked === 0 ? null : found / asked;
  return {
    checkedAt,
    seconds: (performance.now() - began) / 1000,
    recall,
    queries: asked,
    reference: reference ?? recall,
    tombstones: tombstoneRatio(facts),
    segments: facts.length,
  };
}

/** Null where recall is as it was; else what is wrong. */
export function recallProblem(
  { recall, reference }: Pick<HealthReport, 'recall' | 'reference'>,
  { recallDrop, recallFloor }: Pick<Thresholds, 'recallDrop' | 'recallFloor'>,
): string | null {
  if (recall === null) return null;
  const found = `canary recall ${recall.toFixed(4)}`;
  if (recall < recallFloor) return `${found} is below ${recallFloor}`;
  if (reference === null || recall >= reference - recallDrop) return null;
  return `${found} is more than ${recallDrop} below ${reference.toFixed(4)}`;
}

function slice({ bytes, count }: Canary, first: number, most: number): Pick<Canary, 'bytes' | 'count'> {
  const size = bytes.length / Math.max(1, count);
  const end = Math.min(count, first + most);
  return { bytes: bytes.subarray(first * size, end * size), count: end - first };
}
