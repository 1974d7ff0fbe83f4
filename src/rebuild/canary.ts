// Queries by which a collection is judged: some of its own points, and what searches of a snapshot find for them. Truth
// is an exact scan of the same snapshot, so it is always current.
import type { NativeSearchParams, NativeSearchResult, NativeSnapshot } from '../binding.js';
import type { ReadonlyRoaringBitmap32 } from '../bitmap.js';
import { rerankDepth } from '../segment/open-index.js';
import { oncePossible } from './once-possible.js';

export const CANARY_K = 10;
export const CANARY_LIST_SIZE = 64;

export interface Canary {
  /** Rows that the queries are the vectors of. */
  rows: Uint32Array;
  /** Packed, in the element type of the collection. */
  bytes: Uint8Array;
  count: number;
}

export interface CanaryOptions {
  exact?: boolean;
  listSize?: number;
}

/** Up to `count` of the rows, spread over them; of those that the snapshot has. */
export async function sampleCanary(
  snapshot: NativeSnapshot,
  rows: ReadonlyRoaringBitmap32,
  count: number,
): Promise<Canary> {
  const step = Math.max(1, Math.floor(rows.size / count));
  const chosen = Uint32Array.from({ length: Math.min(count, rows.size) }, (_, at) => rows.select(at * step) as number);
  const { found, vectors } = await snapshot.fetch(chosen);
  const bytes = chosen.length === 0 ? 0 : vectors.length / chosen.length;
  const there = [...chosen.keys()].filter((at) => found[at] === 1);
  const packed = Buffer.concat(there.map((at) => vectors.subarray(at * bytes, (at + 1) * bytes)));
  return { rows: Uint32Array.from(there, (at) => chosen[at] as number), bytes: packed, count: there.length };
}

/** Waits while too many search. */
export function searchCanary(
  snapshot: NativeSnapshot,
  { bytes, count }: Pick<Canary, 'bytes' | 'count'>,
  options: CanaryOptions = {},
): Promise<NativeSearchResult> {
  return oncePossible(() => snapshot.search(bytes, count, paramsOf(options), null));
}

/** Milliseconds that a search takes, without any wait for room. */
export function timeCanary(
  snapshot: NativeSnapshot,
  { bytes, count }: Pick<Canary, 'bytes' | 'count'>,
): Promise<number> {
  return oncePossible(async () => {
    const began = performance.now();
    await snapshot.search(bytes, count, paramsOf({}), null);
    return performance.now() - began;
  });
}

function paramsOf({ exact = false, listSize = CANARY_LIST_SIZE }: CanaryOptions): NativeSearchParams {
  return { k: CANARY_K, listSize, rerank: rerankDepth(), exact, approximate: false, costs: false };
}

const TIES = 1e-6;

/** Share of the k nearest that were found; a result counts when it is no farther than the last true one. */
export function recallOf(found: NativeSearchResult, truth: NativeSearchResult): number {
  const k = CANARY_K;
  let near = 0;
  let wanted = 0;
  for (let first = 0; first < truth.distances.length; first += k) {
    const expected = truth.distances.subarray(first, first + k).filter(Number.isFinite);
    const last = expected.at(-1);
    if (last === undefined) continue;
    const limit = last + Math.abs(last) * TIES;
    wanted += expected.length;
    near += found.distances
      .subarray(first, first + k)
      .filter((distance) => Number.isFinite(distance) && distance <= limit).length;
  }
  return wanted === 0 ? 1 : near / wanted;
}
