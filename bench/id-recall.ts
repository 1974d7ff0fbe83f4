// Tie-aware recall of anybody's result ids: a returned row is right when its exact distance is not above the k-th true
// one. Distances are computed here, in double precision and by one function for truth and results, so that every peer
// is counted alike whatever distances it reports. Holds the base set in RAM, in its own element type.
import { missingDistances, type RecallInput, tieAwareRecall } from '../src/segment/recall.js';
import type { VectorData } from '../src/source/formats.js';
import { halfToFloat } from '../src/source/half.js';
import { readIds } from '../src/source/ids.js';
import { openVectorSource, readRows } from '../src/source/vector-source.js';
import type { DataSet } from './data-sets.js';

/** Pads result ids where fewer than k were found. */
export const NO_ID = 0xffff_ffff;

export interface Recaller {
  /** `ids`: count x k, of the queries at the first `count` positions. */
  recall(ids: Uint32Array, count: number, k: number): number;
}

interface Vectors {
  dim: number;
  rows: number;
  value(index: number): number;
}

/** Rounding of f32 arithmetic, which made the truth. */
const SLACK = 1 + 1e-6;

/** `queryAt`: which query of the set was asked at a position; the same number by default. */
export async function createRecaller(
  set: DataSet,
  queryAt: (position: number, count: number) => number = (position) => position,
): Promise<Recaller> {
  const [base, queries, stored] = await Promise.all([load(set.base), load(set.queries), readIds(set.truth)]);
  const order = Uint32Array.from({ length: queries.rows }, (_, position) => queryAt(position, queries.rows));
  const truth = new Uint32Array(stored.ids.length);
  for (const [position, query] of order.entries()) {
    truth.set(stored.ids.subarray(query * stored.k, (query + 1) * stored.k), position * stored.k);
  }
  const distance = set.metric === 'cosine' ? cosine : squared;
  return {
    recall(ids, count, k) {
      const distances = Float64Array.from(ids.subarray(0, count * k), (id, at) => {
        return id < base.rows ? distance(queries, order[Math.floor(at / k)] ?? 0, base, id) : Number.POSITIVE_INFINITY;
      });
      const rows = ids.subarray(0, count * k).map((id) => (id < base.rows ? id : NO_ID));
      const input: RecallInput = {
        rows,
        distances,
        count,
        k,
        noRow: NO_ID,
        truth,
        truthWidth: stored.k,
      };
      const bounds = missingDistances(input).map(
        ({ query, row }) => [query, distance(queries, order[query] ?? 0, base, row) * SLACK] as const,
      );
      return tieAwareRecall(input, new Map(bounds));
    },
  };
}

async function load(path: string): Promise<Vectors> {
  const source = await openVectorSource(path);
  try {
    const { dim, rows, element } = source;
    const data: VectorData = await readRows(source);
    const value = element === 'f16' ? (at: number) => halfToFloat(data[at] ?? 0) : (at: number) => data[at] ?? 0;
    return { dim, rows, value };
  } finally {
    source.close();
  }
}

function squared(a: Vectors, i: number, b: Vectors, j: number): number {
  let sum = 0;
  for (let at = 0; at < a.dim; at += 1) sum += (a.value(i * a.dim + at) - b.value(j * a.dim + at)) ** 2;
  return sum;
}

function cosine(a: Vectors, i: number, b: Vectors, j: number): number {
  let [dot, lengthA, lengthB] = [0, 0, 0];
  for (let at = 0; at < a.dim; at += 1) {
    const [x, y] = [a.value(i * a.dim + at), b.value(j * a.dim + at)];
    dot += x * y;
    lengthA += x * x;
    lengthB += y * y;
  }
  return lengthA === 0 || lengthB === 0 ? 1 : 1 - dot / Math.sqrt(lengthA * lengthB);
}
