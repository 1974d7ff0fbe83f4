// One query of the wire, answered: the nearest to a vector, to a point or to examples, the fusion of several lists,
// points at random, or simply the first by id. Prefetches are answered first; what stands above them ranks their points
// only. Called by search-routes.ts.
import { randomInt } from 'node:crypto';
import type { Space } from '../config/spaces.js';
import { type Examples, type ExampleVectors, vectorsOf } from './examples.js';
import { filterOption } from './filter-option.js';
import { fuseByRank, fuseByScore } from './fusion.js';
import type { Plan, Ranking } from './read-query.js';
import { vectorIn } from './wire-spaces.js';
import { type Found, type Hit, hitsOf, listeners, mean, searchOptions } from './hits.js';
import { recommendByScores, scoreCandidates } from './recommend.js';
import { ascends, exactScore, passes } from './scores.js';
import type { PointShape, Shown } from './wire-point.js';

const NOTHING: Shown = { withPayload: false, withVector: false };

/** Up to `limit` points from `offset` on, with what `shown` asks for. */
export async function answer(plan: Plan, shape: PointShape, shown: Shown, signal: AbortSignal): Promise<Found[]> {
  const { limit, offset, prefetch, ranking } = plan;
  const direct = prefetch.length === 0 && ranking.kind === 'nearest';
  const hits = await rank(plan, shape, direct ? shown : NOTHING, signal);
  const page = hits.slice(offset, offset + limit);
  if (page.every((hit) => hit.point !== undefined) && direct) return page as Found[];
  const points = await shape.collection.retrieve(
    page.map(({ key }) => key),
    shown,
  );
  const byId = new Map(points.map((point) => [point.id, point]));
  return page.flatMap((hit) => {
    const point = byId.get(hit.key); // gone, when it was deleted meanwhile
    return point === undefined ? [] : [{ ...hit, point }];
  });
}

async function rank(plan: Plan, shape: PointShape, shown: Shown, signal: AbortSignal): Promise<Hit[]> {
  const { prefetch, threshold, space } = plan;
  const { ranking } = plan;
  const lists = await Promise.all(prefetch.map((inner) => rankPage(inner, shape, signal)));
  // Their scores descend, whatever the metric.
  const fused = ranking.kind === 'rrf' || ranking.kind === 'dbsf' || ranking.kind === 'scored';
  const hits =
    prefetch.length === 0
      ? await rankAll(plan, shape, shown, signal)
      : await rankLists(
          plan,
          await Promise.all(lists.map((list) => matching(list, plan, shape, signal))),
          shape,
          signal,
        );
  if (threshold === undefined) return hits;
  const { metric } = space;
  return hits.filter(({ score }) => (fused ? score >= threshold : passes(metric, score, threshold)));
}

/** Of points that were prefetched, those that match the filter above them. */
async function matching(
  hits: Hit[],
  { filter }: Plan,
  { collection }: PointShape,
  signal: AbortSignal,
): Promise<Hit[]> {
  if (filter === undefined || hits.length === 0) return hits;
  const both = { must: [filter, { has_id: hits.map(({ key }) => key) }] };
  const { points } = await collection.scrollPage(hits.length, { ...NOTHING, filter: both, signal });
  const found = new Set(points.map(({ id }) => id));
  return hits.filter(({ key }) => found.has(key));
}

async function rankPage(plan: Plan, shape: PointShape, signal: AbortSignal): Promise<Hit[]> {
  return (await rank(plan, shape, NOTHING, signal)).slice(plan.offset, plan.offset + plan.limit);
}

async function rankAll(plan: Plan, shape: PointShape, shown: Shown, signal: AbortSignal): Promise<Hit[]> {
  const { ranking } = plan;
  const wanted = plan.offset + plan.limit;
  if (ranking.kind === 'nearest') {
    const { query, hidden } = await queryOf(ranking, plan.space, shape);
    const hits = await nearest(query, wanted + hidden.size, plan, shape, shown, signal);
    return hits.filter(({ key }) => !hidden.has(key));
  }
  if (ranking.kind === 'scored') return recommendByScores(ranking, wanted, plan, shape, signal);
  if (ranking.kind === 'sample') return sample(wanted, plan, shape, signal);
  if (ranking.kind === 'order') return ordered(ranking, wanted, plan.filter, shape, signal);
  const page = await shape.collection.scrollPage(wanted, { ...NOTHING, ...filterOption(plan.filter), signal });
  return page.points.map(({ id }) => ({ key: id, score: 1 }));
}

async function nearest(
  query: Float32Array,
  k: number,
  plan: Plan,
  shape: PointShape,
  shown: Shown,
  signal: AbortSignal,
): Promise<Hit[]> {
  const { collection } = shape;
  const points = await collection.search(query, { ...searchOptions(plan, shown, k), signal, ...listeners(shape) });
  return hitsOf(points, plan.space);
}

async function rankLists(
  { ranking, space }: Plan,
  lists: Hit[][],
  shape: PointShape,
  signal: AbortSignal,
): Promise<Hit[]> {
  if (ranking.kind === 'rrf') return fuseByRank(lists, ranking);
  if (ranking.kind === 'dbsf') return fuseByScore(lists);
  const distinct = [...new Map(lists.flat().map((hit) => [hit.key, hit])).values()];
  if (ranking.kind === 'first') return distinct;
  if (ranking.kind === 'sample') return shuffled(distinct);
  if (ranking.kind === 'scored') return scoreCandidates(ranking, distinct, space, shape);
  if (ranking.kind === 'order') {
    const these = { must: [{ has_id: distinct.map(({ key }) => key) }] };
    return ordered(ranking, distinct.length, these, shape, signal);
  }
  const { query, hidden } = await queryOf(ranking, space, shape);
  const candidates = distinct.filter(({ key }) => !hidden.has(key)).map(({ key }) => key);
  const points = await shape.collection.retrieve(candidates, { withPayload: false, withVector: [space.name] });
  const { metric } = space;
  const hits = points.flatMap((point) => {
    const vector = vectorIn(point, space);
    return vector === undefined ? [] : [{ key: point.id, score: exactScore(metric, query, vector) }];
  });
  return hits.sort((a, b) => (ascends(metric) ? a.score - b.score : b.score - a.score));
}

/** The mean of what is liked, moved away from the mean of what is not. */
async function queryOf(
  examples: Examples,
  space: Space,
  shape: PointShape,
): Promise<{ query: Float32Array; hidden: ExampleVectors['hidden'] }> {
  const { dim } = space;
  const { liked, disliked, hidden } = await vectorsOf(examples, space, shape);
  if (liked.length === 1 && disliked.length === 0) {
    return { query: new Float32Array(liked[0] as ArrayLike<number>), hidden };
  }
  const towards = mean(liked, dim);
  if (disliked.length === 0) return { query: towards, hidden };
  const away = mean(disliked, dim);
  return { query: towards.map((value, at) => 2 * value - (away[at] as number)), hidden };
}

async function ordered(
  { orderBy, direction, startFrom }: Extract<Ranking, { kind: 'order' }>,
  limit: number,
  filter: unknown,
  { collection }: PointShape,
  signal: AbortSignal,
): Promise<Hit[]> {
  const start = startFrom === undefined ? {} : { startFrom };
  const options = { ...NOTHING, orderBy, direction, ...start, ...filterOption(filter), signal };
  const points = await collection.orderedPoints(limit, options);
  return points.map(({ id, orderValue }) => ({ key: id, score: 0, order: orderValue }));
}

// Each point with the same chance, in one pass over the ids: what is kept is replaced ever more rarely.
async function sample(
  count: number,
  { filter }: Plan,
  { collection }: PointShape,
  signal: AbortSignal,
): Promise<Hit[]> {
  const kept: Hit[] = [];
  let seen = 0;
  for await (const { id } of collection.scroll({ ...NOTHING, ...filterOption(filter), signal })) {
    seen += 1;
    const place = kept.length < count ? kept.length : randomInt(seen);
    if (place < count) kept[place] = { key: id, score: 0 };
  }
  return shuffled(kept);
}

function shuffled(hits: readonly Hit[]): Hit[] {
  const result = [...hits];
  for (let at = result.length - 1; at > 0; at -= 1) {
    const other = randomInt(at + 1);
    [result[at], result[other]] = [result[other] as Hit, result[at] as Hit];
  }
  return result;
}
