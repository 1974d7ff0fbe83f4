// Recall by distance, ties included: a returned row is right when its exact distance is not above the k-th
// true one. Pure: the truth holds only row ids, so a caller first asks which queries need the exact
// distance of their k-th true row, gets those from the index, and then counts.
// Called by the `search` and `bench` verbs and by the integration tests.

export interface RecallInput {
  /** Found rows, `count` x `k`, nearest first; `noRow` pads. */
  rows: Uint32Array;
  /** Their exact distances, same layout. */
  distances: Float32Array | Float64Array;
  count: number;
  k: number;
  /** Absent result; see NativeConstants. */
  noRow: number;
  /** True rows, at least `count` x `truthWidth`, nearest first; negative or `noRow` pads. */
  truth: Int32Array | Uint32Array;
  /** True rows kept a query; at least k. */
  truthWidth: number;
}

/** A query whose k-th true distance the results do not tell, with the row that has that distance. */
export interface MissingDistance {
  query: number;
  row: number;
}

/**
 * Queries with a returned row outside the first k true ones and whose k-th true row was not returned. For
 * all others the answer follows from the ids and the returned distances.
 */
export function missingDistances(input: RecallInput): MissingDistance[] {
  const missing: MissingDistance[] = [];
  for (let query = 0; query < input.count; query += 1) {
    const truth = trueRows(input, query);
    const kth = truth.at(-1);
    if (kth === undefined || returnedDistance(input, query, kth) !== undefined) continue;
    const known = new Set(truth);
    if (returnedRows(input, query).some((row) => !known.has(row))) missing.push({ query, row: kth });
  }
  return missing;
}

/**
 * The share of right rows over all queries, in [0, 1]; NaN without any true row. `kthDistances` holds the
 * exact k-th true distance of every query that missingDistances() names.
 */
export function tieAwareRecall(input: RecallInput, kthDistances: ReadonlyMap<number, number>): number {
  let right = 0;
  let wanted = 0;
  for (let query = 0; query < input.count; query += 1) {
    const counted = countQuery(input, query, kthDistances);
    right += counted.right;
    wanted += counted.wanted;
  }
  return wanted === 0 ? Number.NaN : right / wanted;
}

/** The recall of each query that has a true row, in order. */
export function recallOfEach(input: RecallInput, kthDistances: ReadonlyMap<number, number>): Float64Array {
  const counted = Array.from({ length: input.count }, (_, query) => countQuery(input, query, kthDistances));
  return Float64Array.from(
    counted.filter(({ wanted }) => wanted > 0),
    ({ right, wanted }) => right / wanted,
  );
}

function countQuery(
  input: RecallInput,
  query: number,
  kthDistances: ReadonlyMap<number, number>,
): { right: number; wanted: number } {
  const truth = trueRows(input, query);
  return { right: Math.min(truth.length, countRight(input, query, truth, kthDistances)), wanted: truth.length };
}

function countRight(
  input: RecallInput,
  query: number,
  truth: readonly number[],
  kthDistances: ReadonlyMap<number, number>,
): number {
  const kth = truth.at(-1);
  if (kth === undefined) return 0;
  const bound = returnedDistance(input, query, kth) ?? kthDistances.get(query) ?? Number.NEGATIVE_INFINITY;
  const known = new Set(truth);
  // A row returned twice is right once.
  const distinct = new Map<number, number>();
  for (const [at, row] of returnedRows(input, query).entries()) {
    distinct.set(row, input.distances[query * input.k + at] ?? Number.NaN);
  }
  let right = 0;
  for (const [row, distance] of distinct) {
    if (known.has(row) || distance <= bound) right += 1;
  }
  return right;
}

function returnedRows(input: RecallInput, query: number): number[] {
  const first = query * input.k;
  return Array.from(input.rows.subarray(first, first + input.k)).filter((row) => row !== input.noRow);
}

function returnedDistance(input: RecallInput, query: number, row: number): number | undefined {
  const first = query * input.k;
  for (let at = first; at < first + input.k; at += 1) {
    if (input.rows[at] === row) return input.distances[at];
  }
  return undefined;
}

function trueRows(input: RecallInput, query: number): number[] {
  const first = query * input.truthWidth;
  return Array.from(input.truth.subarray(first, first + input.k)).filter((row) => row >= 0 && row !== input.noRow);
}
