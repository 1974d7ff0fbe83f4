// Queries of the wire, read: the query API and the older search and recommend all become one Plan, which search.ts
// answers. Refuses by name what there is no answer to.
import { type Space, spacesOf } from '../config/spaces.js';
import { describe, Fields, isObject } from './fields.js';
import { readFilter } from './filter-option.js';
import type { Example, Examples, Lookup } from './examples.js';
import type { RrfOptions } from './fusion.js';
import type { ScoreRanking } from './recommend.js';
import { badRequest, notSupported } from './wire-error.js';
import { type PointShape, readId, readNumbers } from './wire-point.js';
import { spacesAsked } from './wire-spaces.js';

export type Ranking =
  | ({ kind: 'nearest' } & Examples)
  | ScoreRanking
  | ({ kind: 'rrf' } & RrfOptions)
  | { kind: 'dbsf' }
  | { kind: 'sample' }
  | ({ kind: 'order' } & Order)
  | { kind: 'first' };

export interface Order {
  orderBy: string;
  direction: 'asc' | 'desc';
  startFrom?: number | string;
}

export interface Tuning {
  listSize: number;
  exact: boolean;
  rerank?: number;
}

export interface Plan {
  ranking: Ranking;
  /** Whose vectors are ranked; of no meaning to rankings by something else. */
  space: Space;
  /** The space that is walked: the same, or one that is a prefix of it. */
  using: string;
  tuning: Tuning;
  filter: unknown;
  limit: number;
  offset: number;
  threshold: number | undefined;
  prefetch: readonly Plan[];
}

export interface QueryLimits {
  /** Offset and limit, together. */
  results: number;
  /** Prefetches in prefetches. */
  depth: number;
}

const LIMIT_DEFAULT = 10;
const LIST_SIZE_DEFAULT = 64;
const LIST_SIZE_MOST = 100_000;
const PREFETCHES_MOST = 16;
const EXAMPLES_MOST = 1000;

/** `POST /points/query`. */
export function readQuery(body: Fields, shape: PointShape, limits: QueryLimits, depth = 0): Plan {
  if (depth > limits.depth) throw badRequest(`${body.place}: nested more than ${limits.depth} deep`);
  refuseElsewhere(body);
  const given = body.raw('prefetch');
  const inner = given === undefined ? [] : Array.isArray(given) ? given : [given];
  if (inner.length > PREFETCHES_MOST) throw badRequest(`prefetch: found ${inner.length}, at most ${PREFETCHES_MOST}`);
  const prefetch = inner.map((value, at) =>
    readQuery(Fields.of(value, `${body.path('prefetch')}[${at}]`), shape, limits, depth + 1),
  );
  return { ...readFrame(body, limits), ...readRanking(body, shape, prefetch.length), prefetch };
}

/** `POST /points/search`. */
export function readSearch(body: Fields, shape: PointShape, limits: QueryLimits): Plan {
  refuseElsewhere(body);
  const vector = body.required('vector');
  const named = isObject(vector) ? Fields.of(vector, 'vector') : undefined;
  const asked = spacesAsked(named?.string('name') || undefined, shape, 'vector');
  const values = readNumbers(named === undefined ? vector : named.required('vector'), 'vector');
  return { ...readFrame(body, limits), ...asked, ranking: nearestTo(values), prefetch: [] };
}

/** `POST /points/recommend`. */
export function readRecommend(body: Fields, shape: PointShape, limits: QueryLimits): Plan {
  refuseElsewhere(body);
  const asked = spacesAsked(body.string('using') || undefined, shape, 'using');
  const ranking = readExamples(body, shape, asked.space, readLookup(body));
  return { ...readFrame(body, limits), ...asked, ranking, prefetch: [] };
}

function refuseElsewhere(body: Fields): void {
  body.refuse('one node holds all of a collection', 'shard_key');
}

function readFrame(body: Fields, { results }: QueryLimits): Omit<Plan, 'ranking' | 'space' | 'using' | 'prefetch'> {
  const limit = body.integer('limit', { least: 1, most: results }) ?? body.integer('top', { least: 1, most: results });
  const offset = body.integer('offset', { most: results }) ?? 0;
  const frame = { limit: limit ?? LIMIT_DEFAULT, offset, threshold: body.number('score_threshold') };
  if (frame.limit + offset > results) {
    throw badRequest(`${body.path('limit')} + offset: found ${frame.limit + offset}, at most ${results}`);
  }
  return { ...frame, filter: readFilter(body), tuning: readTuning(body.object('params'), frame.limit + offset) };
}

// `hnsw_ef` is the size of the candidate list; a rescoring turned off, or an oversampling, how many are read.
function readTuning(params: Fields | undefined, wanted: number): Tuning {
  const listSize = params?.integer('hnsw_ef', { most: LIST_SIZE_MOST }) ?? LIST_SIZE_DEFAULT;
  const exact = params?.boolean('exact') ?? false;
  const quantization = params?.object('quantization');
  const oversampling = quantization?.number('oversampling');
  if (oversampling === undefined || oversampling < 1) return { listSize: Math.max(1, listSize), exact };
  return { listSize: Math.max(1, listSize), exact, rerank: Math.min(LIST_SIZE_MOST, Math.ceil(oversampling * wanted)) };
}

function readRanking(body: Fields, shape: PointShape, prefetches: number): Pick<Plan, 'ranking' | 'space' | 'using'> {
  const other = readOtherRanking(body, prefetches);
  if (other !== undefined) {
    const [space] = spacesOf(shape.collection.config);
    return { ranking: other, space, using: space.name };
  }
  const query = body.raw('query');
  const { space, using } = spacesAsked(body.string('using') || undefined, shape, body.path('using'));
  const lookup = readLookup(body);
  const ranking = isObject(query)
    ? readQueryObject(Fields.of(query, body.path('query')), shape, space, lookup)
    : nearestTo(readExample(query, shape, space, body.path('query')), lookup);
  return { ranking, space, using };
}

/** One that asks for no vectors; undefined where it is none. */
function readOtherRanking(body: Fields, prefetches: number): Ranking | undefined {
  const query = body.raw('query');
  if (query === undefined) {
    if (prefetches > 0) throw badRequest(`${body.path('query')}: expected one to rank what is prefetched`);
    return { kind: 'first' };
  }
  const fusing = readFusion(query, body.path('query'), prefetches);
  if (fusing !== undefined) return fusing;
  if (isObject(query) && query.sample !== undefined) {
    if (query.sample === 'random') return { kind: 'sample' };
    throw badRequest(`${body.path('query.sample')}: found ${describe(query.sample)}, expected random`);
  }
  if (isObject(query) && query.order_by !== undefined) {
    return { kind: 'order', ...readOrder(query.order_by, body.path('query.order_by')) };
  }
  return undefined;
}

/** Of a query, and of a scroll. */
export function readOrder(value: unknown, place: string): Order {
  if (typeof value === 'string') return { orderBy: value, direction: 'asc' };
  const fields = Fields.of(value, place);
  fields.required('key');
  const orderBy = fields.string('key') as string;
  const direction = fields.oneOf('direction', ['asc', 'desc']) ?? 'asc';
  const start = fields.raw('start_from');
  if (start === undefined) return { orderBy, direction };
  if (typeof start === 'bigint') return { orderBy, direction, startFrom: Number(start) };
  if (typeof start !== 'number' && typeof start !== 'string') throw fields.wrong('start_from', 'a number or a date');
  return { orderBy, direction, startFrom: start };
}

function readQueryObject(query: Fields, shape: PointShape, space: Space, lookup: Lookup | undefined): Ranking {
  if (query.has('nearest')) {
    query.refuse('ask without it', 'mmr');
    return nearestTo(readExample(query.raw('nearest'), shape, space, query.path('nearest')), lookup);
  }
  const recommend = query.object('recommend');
  if (recommend !== undefined) return readExamples(recommend, shape, space, lookup);
  const kinds = query.names();
  if (kinds.includes('text') || kinds.includes('model')) throw notSupported('inference', 'send the vector itself');
  const named = kinds.length === 0 ? 'an empty query' : `a query by ${kinds.join(', ')}`;
  throw notSupported(named, 'use nearest, recommend, fusion, rrf, order_by or sample');
}

function readFusion(query: unknown, place: string, prefetches: number): Ranking | undefined {
  if (!isObject(query) || (query.fusion === undefined && query.rrf === undefined)) return undefined;
  if (prefetches === 0) throw badRequest(`${place}: a fusion needs prefetches to fuse`);
  const fields = Fields.of(query, place);
  const kind = fields.oneOf('fusion', ['rrf', 'dbsf']);
  if (kind !== undefined) return { kind };
  const rrf = fields.object('rrf');
  if (rrf === undefined) throw fields.wrong('fusion', 'rrf or dbsf');
  const k = rrf.integer('k', { least: 1 });
  const weights = rrf.list('weights');
  if (
    weights !== undefined &&
    (weights.length !== prefetches || weights.some((weight) => typeof weight !== 'number'))
  ) {
    throw badRequest(`${rrf.path('weights')}: expected ${prefetches} numbers, one for each prefetch`);
  }
  return {
    kind: 'rrf',
    ...(k === undefined ? {} : { k }),
    ...(weights === undefined ? {} : { weights: weights as number[] }),
  };
}

function readExamples(body: Fields, shape: PointShape, space: Space, lookup: Lookup | undefined): Ranking {
  const strategy = body.oneOf('strategy', ['average_vector', 'best_score', 'sum_scores']) ?? 'average_vector';
  const read = (name: string): Example[] =>
    (body.list(name) ?? []).map((value, at) => readExample(value, shape, space, `${body.path(name)}[${at}]`));
  const examples = { positive: read('positive'), negative: read('negative') };
  const at = lookup === undefined ? {} : { lookup };
  if (examples.positive.length + examples.negative.length > EXAMPLES_MOST) {
    throw badRequest(`${body.path('positive')}: expected at most ${EXAMPLES_MOST} examples, with the negative ones`);
  }
  if (strategy === 'average_vector') {
    if (examples.positive.length === 0) throw badRequest(`${body.path('positive')}: expected at least one example`);
    return { kind: 'nearest', ...examples, ...at };
  }
  if (examples.positive.length + examples.negative.length === 0) {
    throw badRequest(`${body.path('positive')}: expected at least one example, positive or negative`);
  }
  return { kind: 'scored', strategy, ...examples, ...at };
}

/** `lookup_from`: where points are that are asked by. */
function readLookup(body: Fields): Lookup | undefined {
  const lookup = body.object('lookup_from');
  if (lookup === undefined) return undefined;
  lookup.refuse('one node holds all of a collection', 'shard_key');
  lookup.required('collection');
  return { collection: lookup.string('collection') as string, vector: lookup.string('vector') ?? '' };
}

function readExample(value: unknown, shape: PointShape, { dim }: Space, place: string): Example {
  if (typeof value !== 'object' || value === null) return readId(value, shape);
  const values = readNumbers(value, place);
  if (values.length !== dim) {
    throw badRequest(`${place}: Vector dimension error: expected dim: ${dim}, got ${values.length}`);
  }
  const wrong = Array.isArray(values) ? values.findIndex((number) => typeof number !== 'number') : -1;
  if (wrong !== -1) throw badRequest(`${place}: position ${wrong} is ${describe(values[wrong])}, expected a number`);
  return values;
}

function nearestTo(example: Example, lookup?: Lookup): Ranking {
  return { kind: 'nearest', positive: [example], negative: [], ...(lookup === undefined ? {} : { lookup }) };
}
