// Several ranked lists made into one. RRF looks at places only; DBSF at scores, each list's brought to a common scale
// by its mean and deviation. Formulas are those of Qdrant's query API: reciprocal rank fusion with 1 / (k + place) from
// place 0, and (score - (mean - 3 sd)) / (6 sd) with the sample deviation, 0.5 where a list has no spread.

export interface Ranked {
  key: bigint | string;
  score: number;
}

export interface RrfOptions {
  /** Added to places; 2 by default. */
  k?: number;
  /** One for each list; 1 by default. A weight w makes place p count as (p + 1) / w - 1. */
  weights?: readonly number[];
}

const RRF_K = 2;
const DEVIATIONS = 3;

export function fuseByRank<Point extends Ranked>(
  lists: readonly (readonly Point[])[],
  { k = RRF_K, weights }: RrfOptions = {},
): Point[] {
  return sumByKey(
    lists.map((list, at) => list.map((point, place) => ({ ...point, score: rankScore(place, k, weights?.[at] ?? 1) }))),
  );
}

export function fuseByScore<Point extends Ranked>(lists: readonly (readonly Point[])[]): Point[] {
  return sumByKey(lists.map(toCommonScale));
}

function rankScore(place: number, k: number, weight: number): number {
  return weight <= 0 ? 0 : 1 / ((place + 1) / weight + k - 1);
}

function toCommonScale<Point extends Ranked>(list: readonly Point[]): Point[] {
  const mean = list.reduce((sum, { score }) => sum + score, 0) / list.length;
  const squares = list.reduce((sum, { score }) => sum + (score - mean) ** 2, 0);
  const deviation = list.length < 2 ? 0 : Math.sqrt(squares / (list.length - 1));
  const low = mean - DEVIATIONS * deviation;
  const width = 2 * DEVIATIONS * deviation;
  return list.map((point) => ({ ...point, score: width === 0 ? 0.5 : (point.score - low) / width }));
}

// Highest first; those that tie stay in the order in which they were met, so that answers repeat.
function sumByKey<Point extends Ranked>(lists: readonly (readonly Point[])[]): Point[] {
  const byKey = new Map<Point['key'], Point>();
  for (const point of lists.flat()) {
    const known = byKey.get(point.key);
    if (known === undefined) byKey.set(point.key, { ...point });
    else known.score += point.score;
  }
  return [...byKey.values()].sort((a, b) => b.score - a.score);
}
