// Everything that reads points: by id, in order, counted, and by search in its newer and older forms.
import type { Collection } from '../collection/collection.js';
import { parsePath } from '../payload/payload-path.js';
import { parseSelection } from '../payload/payload-selection.js';
import type { Point } from '../read/assemble.js';
import { groupPoints } from '../read/group-points.js';
import { Fields } from './fields.js';
import { filterOption, readFilter } from './filter-option.js';
import {
  type Order,
  type Plan,
  type QueryLimits,
  readOrder,
  readQuery,
  readRecommend,
  readSearch,
} from './read-query.js';
import { bodyOf, collectionName, type Route, useCollection, type WireRequest } from './route.js';
import { hitsText, listsText, pointsText, wireHit } from './hit-text.js';
import type { Found } from './hits.js';
import { JsonText } from './raw-answer.js';
import type { SearchCosts } from './metrics.js';
import { type Asked, answerMany } from './search-many.js';
import { Spent } from './spent.js';
import { badRequest, notFound } from './wire-error.js';
import { writeJson } from './wire-json.js';
import { type PointShape, readId, readIds, readShown, requireFew, wireId, wirePoint } from './wire-point.js';

/** Hits, as JSON, in the shape of the route. */
type Wrap = (points: string) => string;
type PlanReader = (body: Fields, shape: PointShape, limits: QueryLimits) => Plan;

const POINTS = '/collections/:collection/points';
const RANKINGS = 'nearest, recommend, fusion (rrf, dbsf), rrf, order_by, sample';
const LOOKUP = '`with_lookup` is refused';

export const READ_ROUTES: readonly Route[] = [
  { method: 'POST', path: POINTS, title: 'points by ids', access: 'read', handle: retrieve },
  { method: 'GET', path: `${POINTS}/:id`, title: 'one point', access: 'read', handle: retrieveOne },
  {
    method: 'POST',
    path: `${POINTS}/scroll`,
    title: 'points in the order of ids, or of a field',
    access: 'read',
    handle: scroll,
  },
  { method: 'POST', path: `${POINTS}/count`, title: 'count points', access: 'read', handle: count },
  ...searchRoutes('query', 'query points', readQuery, true, RANKINGS),
  ...searchRoutes('search', 'search points (older form)', readSearch, false),
  ...searchRoutes('recommend', 'recommend points (older form)', readRecommend, false),
];

function searchRoutes(name: string, title: string, read: PlanReader, wrapped: boolean, note?: string): Route[] {
  const wrap = (points: string): string => (wrapped ? `{"points":${points}}` : points);
  const frame = { method: 'POST', access: 'read', ...(note === undefined ? {} : { note }) } as const;
  return [
    {
      ...frame,
      path: `${POINTS}/${name}`,
      title,
      handle: (request) => withShape(request, (shape) => searchOne(request, shape, read, wrap)),
    },
    {
      ...frame,
      path: `${POINTS}/${name}/batch`,
      title: `${title}, many at once`,
      handle: (request) => searchMany(request, read, wrap),
    },
    {
      ...frame,
      path: `${POINTS}/${name}/groups`,
      title: `${title}, in groups`,
      note: note === undefined ? LOOKUP : `${note}; ${LOOKUP}`,
      handle: (request) => withShape(request, (shape) => searchGroups(bodyOf(request), request, shape, read)),
    },
  ];
}

function readAsked(body: Fields, request: WireRequest, shape: PointShape, read: PlanReader): Asked {
  const { results, prefetch_depth: depth } = request.parts.config.limits;
  const asked = { plan: read(body, shape, { results, depth }), shown: readShown(body, shape, false) };
  return asksCost(request) ? { ...asked, spent: new Spent() } : asked;
}

async function searchOne(request: WireRequest, shape: PointShape, read: PlanReader, wrap: Wrap): Promise<JsonText> {
  const asked = readAsked(bodyOf(request), request, shape, read);
  const [hits = []] = await answerMany([asked], shape, request.signal);
  if (asked.spent !== undefined) request.beside.cost = asked.spent.values;
  return new JsonText(wrap(hitsText(hits, shape)));
}

const GROUP_SIZE_DEFAULT = 3;

/** What a search gives, its `limit` being groups: it is asked for more points until they are full. */
async function searchGroups(body: Fields, request: WireRequest, shape: PointShape, read: PlanReader): Promise<unknown> {
  const { results, prefetch_depth: depth } = request.parts.config.limits;
  body.refuse('retrieve what groups are named after', 'with_lookup');
  body.required('group_by');
  const path = parsePath(body.string('group_by') as string);
  const groupSize = body.integer('group_size', { least: 1, most: results }) ?? GROUP_SIZE_DEFAULT;
  const { withPayload, withVector } = readShown(body, shape, false);
  const plan = read(body, shape, { results, depth });
  const pointsMax = Math.min(results, Math.max(1, shape.collection.count()));
  const spent = asksCost(request) ? new Spent() : undefined;
  const nearest = async (limit: number): Promise<(Point & { hit: Found })[]> => {
    const asked = { plan: { ...plan, limit, offset: 0 }, shown: { withPayload: true, withVector } };
    const all = spent === undefined ? asked : { ...asked, spent };
    const [hits = []] = await answerMany([all], shape, request.signal);
    return hits.map((hit) => ({ ...hit.point, hit }));
  };
  const options = { path, limit: plan.limit, groupSize, pointsMax, shown: parseSelection(withPayload) };
  const groups = await groupPoints(nearest, options);
  if (spent !== undefined) request.beside.cost = spent.values;
  return {
    groups: groups.map(({ value, points }) => ({
      id: value,
      hits: points.map(({ hit, ...point }) => wireHit({ ...hit, point }, shape)),
    })),
  };
}

function searchMany(request: WireRequest, read: PlanReader, wrap: Wrap): Promise<unknown> {
  const searches = bodyOf(request).list('searches');
  if (searches === undefined) throw badRequest('missing field `searches`');
  requireFew('searches', searches.length, request.parts.config.limits.queries);
  return withShape(request, async (shape) => {
    const asked = searches.map((search, at) => readAsked(Fields.of(search, `searches[${at}]`), request, shape, read));
    const lists = await answerMany(asked, shape, request.signal);
    if (asksCost(request)) request.beside.cost = asked.map(({ spent }) => spent?.values);
    return new JsonText(await listsText(lists, shape, wrap));
  });
}

function asksCost({ query }: WireRequest): boolean {
  return query.oneOf('cost', ['true', 'false']) === 'true';
}

function retrieve(request: WireRequest): Promise<unknown> {
  const body = bodyOf(request);
  return withShape(request, async (shape) => {
    body.refuse('one node holds all of a collection', 'shard_key');
    body.required('ids');
    const ids = readIds(body, 'ids', shape, request.parts.config.limits.points) ?? [];
    const points = await shape.collection.retrieve([...new Set(ids)], readShown(body, shape, true));
    return new JsonText(await pointsText(points, shape));
  });
}

function retrieveOne(request: WireRequest): Promise<unknown> {
  const { id: text } = request.params;
  return withShape(request, async (shape) => {
    const id = readId(/^\d+$/.test(text as string) ? BigInt(text as string) : text, shape);
    const [point] = await shape.collection.retrieve([id], { withVector: true });
    if (point === undefined) throw notFound(`Point with id ${id} does not exists!`);
    return wirePoint(point, shape);
  });
}

const SCROLL_DEFAULT = 10;

function scroll(request: WireRequest): Promise<unknown> {
  const body = Fields.of(request.body ?? {});
  return withShape(request, async (shape) => {
    body.refuse('one node holds all of a collection', 'shard_key');
    const order = body.raw('order_by');
    if (order !== undefined) return scrollInOrder(body, readOrder(order, 'order_by'), request, shape);
    const filter = readFilter(body);
    const limit = body.integer('limit', { least: 1, most: request.parts.config.limits.points }) ?? SCROLL_DEFAULT;
    const offset = body.raw('offset');
    const { points, next } = await shape.collection.scrollPage(limit, {
      ...readShown(body, shape, true),
      ...filterOption(filter),
      ...(offset === undefined ? {} : { from: readId(offset, shape) }),
      signal: request.signal,
    });
    const offsetText = writeJson(next === null ? null : wireId(next));
    return new JsonText(`{"points":${await pointsText(points, shape)},"next_page_offset":${offsetText}}`);
  });
}

async function scrollInOrder(body: Fields, order: Order, request: WireRequest, shape: PointShape): Promise<unknown> {
  if (body.has('offset')) throw badRequest('offset: not with `order_by`; use its `start_from`');
  const limit = body.integer('limit', { least: 1, most: request.parts.config.limits.points }) ?? SCROLL_DEFAULT;
  const options = {
    ...order,
    ...readShown(body, shape, true),
    ...filterOption(readFilter(body)),
    signal: request.signal,
  };
  const points = await shape.collection.orderedPoints(limit, options);
  return new JsonText(`{"points":${await pointsText(points, shape)},"next_page_offset":null}`);
}

function count(request: WireRequest): Promise<unknown> {
  const body = Fields.of(request.body ?? {});
  body.boolean('exact');
  const filter = readFilter(body);
  return useCollection(request, async (collection) => ({
    count: filter === undefined ? collection.count() : await collection.countWhere(filter, { signal: request.signal }),
  }));
}

function withShape<T>(request: WireRequest, work: (shape: PointShape) => Promise<T>): Promise<T> {
  const { metrics, registry, open } = request.parts;
  const wire = registry.collection(collectionName(request));
  const { trace } = request;
  const onCosts = (costs: SearchCosts): void => {
    metrics.searched(costs);
    trace?.searched(costs);
  };
  const onFiltered = trace?.filtered.bind(trace);
  const heard = { onCosts, ...(onFiltered === undefined ? {} : { onFiltered }) };
  const resolve = (name: string): string => registry.resolve(name);
  const lookUp: PointShape['lookUp'] = (name, look) => {
    const other = resolve(name);
    request.grant.require('read', other);
    return open.use(other, (collection) => look({ collection, wire: registry.collection(other) }));
  };
  return useCollection(request, (collection: Collection) => work({ collection, wire, ...heard, resolve, lookUp }));
}
