// Ranks what was found by the first elements of vectors on all of them: the second half of a search of a space that is a
// prefix of another (Kusupati et al., "Matryoshka Representation Learning", 2022). The walk is cheap in the short space,
// and as right as its candidates; distances are those of the whole vectors. Called by collection-reader.ts.
import type { NativeElement, NativeMetric } from '../binding.js';
import { NO_ROW } from '../limits.js';
import { createVectorData, elementBytes } from '../source/formats.js';
import { halvesToFloats } from '../source/half.js';
import type { VectorReader } from './assemble.js';
import type { SearchHits } from './hydrate.js';

export interface BaseSpace {
  dim: number;
  element: NativeElement;
  metric: NativeMetric;
}

/** Candidates in the short space for each point that is asked for. */
export const PREFIX_CANDIDATES = 4;

/** The first `dim` elements of each query, packed. */
export function prefixQueries(
  { bytes, count }: { bytes: Uint8Array; count: number },
  base: Pick<BaseSpace, 'dim' | 'element'>,
  dim: number,
): Uint8Array {
  const size = elementBytes(base.element);
  const prefixes = new Uint8Array(count * dim * size);
  for (let query = 0; query < count; query += 1) {
    const from = query * base.dim * size;
    prefixes.set(bytes.subarray(from, from + dim * size), query * dim * size);
  }
  return prefixes;
}

/** The k nearest of each query's candidates. A candidate without a vector in the base space, which there is none of, goes. */
export async function rankByBase(
  queries: { bytes: Uint8Array; count: number },
  { rows }: Pick<SearchHits, 'rows'>,
  k: number,
  base: BaseSpace,
  fetch: VectorReader['fetch'],
): Promise<SearchHits> {
  const distinct = Uint32Array.from(new Set(rows)).filter((row) => row !== NO_ROW);
  const { found, vectors } = await fetch(distinct);
  const places = new Map([...distinct.keys()].filter((at) => found[at] === 1).map((at) => [distinct[at] as number, at]));
  const candidates = rows.length / Math.max(1, queries.count);
  const result = { rows: new Uint32Array(k * queries.count).fill(NO_ROW), distances: new Float32Array(k * queries.count) };
  result.distances.fill(Number.POSITIVE_INFINITY);
  for (let query = 0; query < queries.count; query += 1) {
    const asked = vectorAt(queries.bytes, query, base);
    const ranked = [...rows.subarray(query * candidates, (query + 1) * candidates)]
      .flatMap((row) => {
        const at = places.get(row);
        return at === undefined ? [] : [{ row, distance: distance(base.metric, asked, vectorAt(vectors, at, base)) }];
      })
      .sort((a, b) => a.distance - b.distance)
      .slice(0, k);
    for (const [at, hit] of ranked.entries()) {
      result.rows[query * k + at] = hit.row;
      result.distances[query * k + at] = hit.distance;
    }
  }
  return result;
}

function vectorAt(bytes: Uint8Array, at: number, { dim, element }: BaseSpace): ArrayLike<number> {
  const size = dim * elementBytes(element);
  const own = Uint8Array.prototype.slice.call(bytes, at * size, (at + 1) * size);
  const data = createVectorData(element, dim, own.buffer as ArrayBuffer);
  return data instanceof Uint16Array ? halvesToFloats(data) : (data as ArrayLike<number>);
}

// In the units of the engine.
function distance(metric: NativeMetric, a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  let lengthA = 0;
  let lengthB = 0;
  for (let at = 0; at < a.length; at += 1) {
    const x = a[at] as number;
    const y = b[at] as number;
    if (metric === 'l2') sum += (x - y) ** 2;
    else if (metric === 'l1') sum += Math.abs(x - y);
    else sum += x * y;
    if (metric !== 'cosine') continue;
    lengthA += x * x;
    lengthB += y * y;
  }
  if (metric === 'dot') return -sum;
  if (metric !== 'cosine') return sum;
  return lengthA === 0 || lengthB === 0 ? 1 : 1 - sum / Math.sqrt(lengthA * lengthB);
}
