// What recall by distance needs of the index itself: exact distances to true rows that were not found. Called by
// tune-index.ts and by whoever measures recall on an open index.
import type { VectorIndex } from './open-index.js';
import type { QueryVectors } from './query-batch.js';
import { missingDistances, type RecallInput } from './recall.js';

/** The k-th true distance of every query whose results do not tell it, by query. Reads a vector for each. */
export async function kthTrueDistances(
  index: Pick<VectorIndex, 'distancesToRows'>,
  queries: { data: QueryVectors; dim: number },
  input: RecallInput,
): Promise<Map<number, number>> {
  const missing = missingDistances(input);
  if (missing.length === 0) return new Map();
  const { dim, data } = queries;
  const subset = data.slice(0, missing.length * dim);
  for (const [at, { query }] of missing.entries()) subset.set(data.subarray(query * dim, (query + 1) * dim), at * dim);
  const distances = await index.distancesToRows(
    subset,
    Uint32Array.from(missing, ({ row }) => row),
  );
  return new Map(missing.map(({ query }, at) => [query, distances[at] ?? Number.NaN]));
}
