// Recommending by the scores themselves instead of by a mean vector, as Qdrant defines it. `best_score`: what is nearer
// to some positive example than to every negative one, by the nearest of them; the rest below, by the nearest negative
// one. `sum_scores`: similarities to positive examples, less those to negative ones. Both descend, whatever the metric.
//
// The engine finds the nearest to one vector. So the candidates are what is nearest to each positive example and to
// their mean, several times as many as asked for; without a positive example, or with `exact`, every point is one.
import type { NativeMetric } from '../binding.js';
import type { Space } from '../config/spaces.js';
import type { Point, PointVector } from '../read/assemble.js';
import { type Examples, type ExampleVectors, vectorsOf } from './examples.js';
import { filterOption } from './filter-option.js';
import type { Plan } from './read-query.js';
import { exactScore } from './scores.js';
import { type Hit, listeners, mean, searchOptions } from './hits.js';
import type { PointShape, Shown } from './wire-point.js';
import { vectorIn } from './wire-spaces.js';

export type ScoreStrategy = 'best_score' | 'sum_scores';

export type ScoreRanking = Examples & { kind: 'scored'; strategy: ScoreStrategy };

/** Candidates for each point that is asked for; at least and at most so many of one search. */
const CANDIDATES = { factor: 4, least: 64, most: 10_000 };

function vectorOnly({ name }: Space): Shown {
  return { withPayload: false, withVector: [name] };
}

/** Up to `wanted`, best first. */
export async function recommendByScores(
  ranking: ScoreRanking,
  wanted: number,
  plan: Plan,
  shape: PointShape,
  signal: AbortSignal,
): Promise<Hit[]> {
  const { space } = plan;
  const vectors = await vectorsOf(ranking, space, shape);
  const all = plan.tuning.exact || vectors.liked.length === 0;
  const best = new Best(wanted);
  const score = scorer(ranking.strategy, vectors, space.metric);
  const points = all ? everyPoint(plan, shape, signal) : await nearExamples(vectors, wanted, plan, shape, signal);
  for await (const point of points) {
    const vector = vectorIn(point, space);
    if (vector !== undefined && !vectors.hidden.has(point.id)) best.add({ key: point.id, score: score(vector) });
  }
  return best.sorted();
}

/** The same of points at hand. */
export async function scoreCandidates(
  ranking: ScoreRanking,
  candidates: readonly Hit[],
  space: Space,
  shape: PointShape,
): Promise<Hit[]> {
  const vectors = await vectorsOf(ranking, space, shape);
  const ids = candidates.map(({ key }) => key).filter((key) => !vectors.hidden.has(key));
  const points = await shape.collection.retrieve(ids, vectorOnly(space));
  const score = scorer(ranking.strategy, vectors, space.metric);
  const best = new Best(points.length);
  for (const point of points) {
    const vector = vectorIn(point, space);
    if (vector !== undefined) best.add({ key: point.id, score: score(vector) });
  }
  return best.sorted();
}

export function scorer(
  strategy: ScoreStrategy,
  { liked, disliked }: Pick<ExampleVectors, 'liked' | 'disliked'>,
  metric: NativeMetric,
): (vector: PointVector) => number {
  const similarities = (examples: readonly ArrayLike<number>[], vector: PointVector): number[] =>
    examples.map((example) => similarity(metric, example, vector));
  if (strategy === 'sum_scores') {
    return (vector) => Math.fround(sum(similarities(liked, vector)) - sum(similarities(disliked, vector)));
  }
  return (vector) => {
    const positive = Math.max(Number.NEGATIVE_INFINITY, ...similarities(liked, vector));
    const negative = Math.max(Number.NEGATIVE_INFINITY, ...similarities(disliked, vector));
    return Math.fround(positive > negative ? squashed(positive) : -squashed(negative));
  };
}

// Larger is nearer; Euclid squared, as Qdrant has it inside.
function similarity(metric: NativeMetric, example: ArrayLike<number>, vector: PointVector): number {
  const score = exactScore(metric, example, vector);
  if (metric === 'l2') return -(score * score);
  return metric === 'l1' ? -score : score;
}

/** Into (0, 1), in the order of what is put in. */
function squashed(value: number): number {
  return 0.5 * (value / (1 + Math.abs(value)) + 1);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function everyPoint({ filter, space }: Plan, { collection }: PointShape, signal: AbortSignal): AsyncIterable<Point> {
  return collection.scroll({ ...vectorOnly(space), ...filterOption(filter), signal });
}

async function nearExamples(
  { liked, hidden }: ExampleVectors,
  wanted: number,
  plan: Plan,
  shape: PointShape,
  signal: AbortSignal,
): Promise<Point[]> {
  const { collection } = shape;
  const { dim } = plan.space;
  const queries = liked.length === 1 ? liked : [...liked, mean(liked, dim)];
  const vectors = new Float32Array(queries.length * dim);
  for (const [at, query] of queries.entries()) vectors.set(query, at * dim);
  const k = Math.min(CANDIDATES.most, Math.max(CANDIDATES.least, CANDIDATES.factor * wanted) + hidden.size);
  const options = { ...searchOptions(plan, vectorOnly(plan.space), k), signal, ...listeners(shape) };
  const lists = await collection.searchBatch(vectors, options);
  return [...new Map(lists.flat().map((point) => [point.id, point])).values()];
}

/** The best so many of what is added; keeps up to twice as many, so that sorting is rare. */
class Best {
  private hits: Hit[] = [];

  constructor(private readonly count: number) {}

  add(hit: Hit): void {
    this.hits.push(hit);
    if (this.hits.length >= 2 * this.count + 16) this.hits = this.sorted();
  }

  sorted(): Hit[] {
    return this.hits.sort((a, b) => b.score - a.score).slice(0, this.count);
  }
}
