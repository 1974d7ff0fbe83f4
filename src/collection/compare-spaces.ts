// How two vector spaces answer the same questions: what to look at before the one takes the place of the other. Points
// that have a vector in both are the queries, each asked in both spaces by its own vectors there; the point itself does
// not count. Answers need not agree where two models see different things, so each space's recall against its own exact
// scan is told beside. Called by collection-spaces.ts.
import type { PointId } from '../payload/point.js';
import type { CollectionSearchOptions } from '../read/read-options.js';
import type { ScoredPoint } from '../read/hydrate.js';
import type { Point, PointVector } from '../read/assemble.js';

export interface CompareSpacesOptions {
  /** 100 by default; fewer where fewer points have both vectors. */
  queries?: number;
  /** 10 by default. */
  k?: number;
  /** 64 by default. */
  listSize?: number;
  signal?: AbortSignal;
}

export interface SpaceComparison {
  k: number;
  queries: number;
  /** Share of the k nearest that both spaces have in common; by exact scans, what the models themselves agree in. */
  overlap: number;
  overlapExact: number;
  /** Share of each space's own true neighbours that it finds, by the name of the space. */
  recall: Record<string, number>;
}

export interface CompareTarget {
  search(query: Float32Array, options: CollectionSearchOptions): Promise<ScoredPoint[]>;
  scroll(options: { filter: unknown; withVector: string[]; withPayload: false }): AsyncIterable<Point>;
  countWhere(filter: unknown): Promise<number>;
}

const QUERIES_DEFAULT = 100;
const K_DEFAULT = 10;
const LIST_SIZE_DEFAULT = 64;

export async function compareSpaces(
  target: CompareTarget,
  names: readonly [string, string],
  { queries = QUERIES_DEFAULT, k = K_DEFAULT, listSize = LIST_SIZE_DEFAULT, signal }: CompareSpacesOptions,
): Promise<SpaceComparison> {
  const sums = { overlap: 0, overlapExact: 0, recall: [0, 0] };
  let asked = 0;
  for await (const point of sample(target, names, queries)) {
    const answers = await Promise.all(
      names.map(async (using) => {
        const query = Float32Array.from(vectorOf(point, using));
        // One more: the point itself is the nearest, mostly.
        const options = {
          using,
          k: k + 1,
          listSize: Math.max(listSize, k + 1),
          ...(signal === undefined ? {} : { signal }),
        };
        const found = idsOf(await target.search(query, options), point.id, k);
        const truth = idsOf(await target.search(query, { ...options, exact: true }), point.id, k);
        return { found, truth };
      }),
    );
    const [a, b] = answers as [(typeof answers)[number], (typeof answers)[number]];
    sums.overlap += shared(a.found, b.found);
    sums.overlapExact += shared(a.truth, b.truth);
    for (const [at, { found, truth }] of answers.entries())
      sums.recall[at] = (sums.recall[at] ?? 0) + shared(found, truth);
    asked += 1;
  }
  const mean = (sum: number): number => (asked === 0 ? 1 : sum / asked);
  return {
    k,
    queries: asked,
    overlap: mean(sums.overlap),
    overlapExact: mean(sums.overlapExact),
    recall: Object.fromEntries(names.map((name, at) => [name, mean(sums.recall[at] ?? 0)])),
  };
}

/** Points with both vectors, spread over the ids. */
async function* sample(target: CompareTarget, names: readonly string[], queries: number): AsyncGenerator<Point> {
  const filter = { must: names.map((name) => ({ has_vector: name })) };
  const step = Math.max(1, Math.floor((await target.countWhere(filter)) / queries));
  let at = 0;
  let given = 0;
  for await (const point of target.scroll({ filter, withVector: [...names], withPayload: false })) {
    if (at % step === 0) {
      yield point;
      given += 1;
    }
    if (given === queries) return;
    at += 1;
  }
}

function vectorOf({ vector, vectors }: Point, name: string): PointVector {
  return (name === '' ? vector : vectors?.[name]) as PointVector;
}

function idsOf(found: readonly ScoredPoint[], itself: PointId, k: number): Set<PointId> {
  const others = found.map(({ id }) => id).filter((id) => id !== itself);
  return new Set(others.slice(0, k));
}

/** Share of the larger set that is in both. */
function shared(a: ReadonlySet<PointId>, b: ReadonlySet<PointId>): number {
  const most = Math.max(a.size, b.size);
  return most === 0 ? 1 : [...a].filter((id) => b.has(id)).length / most;
}
