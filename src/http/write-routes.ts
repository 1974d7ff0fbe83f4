// Everything that changes points. Each body is made into changes of the library first, whole, so that one that is
// wrong changes nothing. Changes of points by their ids then happen as one batch; one by a filter stands for itself, and
// happens in its turn, point by point as they match.
import type { Collection } from '../collection/collection.js';
import type { PointId } from '../payload/point.js';
import type { PointInput, UpdateMode, WriteOperation } from '../write/write-batch.js';
import { Fields } from './fields.js';
import { readFilter } from './filter-option.js';
import { bodyOf, collectionName, type Route, useCollection, type WireRequest } from './route.js';
import { badRequest, notSupported } from './wire-error.js';
import {
  type PointShape,
  readId,
  readIds,
  readPayload,
  readPoint,
  readVector,
  requireFew,
  requireVectorName,
} from './wire-point.js';

interface Target extends PointShape {
  /** Points, or ids, of one request. */
  most: number;
}

/** Of points that are named, or of those that match. */
type Change = { operation: WriteOperation } | { filter: unknown; changeOf: (id: PointId) => WriteOperation };

type Reader = (body: Fields, target: Target) => Change;

export const WRITE_ROUTES: readonly Route[] = [
  route('PUT', '', 'upsert points', readUpsert, 'points and batch forms; `update_filter` is refused'),
  route('POST', '/delete', 'delete points', readDelete),
  route('PUT', '/vectors', 'update vectors', readVectors),
  route('POST', '/payload', 'set payload', readSetPayload),
  route('PUT', '/payload', 'overwrite payload', readOverwritePayload),
  route('POST', '/payload/delete', 'delete keys of payloads', readDeletePayload),
  route('POST', '/payload/clear', 'clear payloads', readClearPayload),
  {
    method: 'POST',
    path: '/collections/:collection/points/batch',
    title: 'several changes in one request',
    access: 'write',
    note: 'all of them happen, or none, but for those by a filter, which happen in their turn',
    handle: changeMany,
  },
];

function route(method: 'PUT' | 'POST', end: string, title: string, read: Reader, note?: string): Route {
  const path = `/collections/:collection/points${end}`;
  const handle = async (request: WireRequest): Promise<unknown> => {
    const [result] = await change(request, (target) => [read(bodyOf(request), target)]);
    return result;
  };
  return { method, path, title, access: 'write', handle, ...(note === undefined ? {} : { note }) };
}

const OPERATIONS: Readonly<Record<string, Reader>> = {
  upsert: readUpsert,
  delete: readDelete,
  set_payload: readSetPayload,
  overwrite_payload: readOverwritePayload,
  delete_payload: readDeletePayload,
  clear_payload: readClearPayload,
  update_vectors: readVectors,
};

function changeMany(request: WireRequest): Promise<unknown> {
  const operations = bodyOf(request).list('operations');
  if (operations === undefined) throw badRequest('missing field `operations`');
  return change(request, (target) =>
    operations.map((value, at) => {
      const operation = Fields.of(value, `operations[${at}]`);
      const [name, ...others] = operation.names();
      const read = name !== undefined && Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
      if (name === 'delete_vectors') throw notSupported('`delete_vectors`', 'delete the points');
      if (read === undefined || name === undefined || others.length > 0) {
        throw badRequest(`${operation.place}: expected one of ${Object.keys(OPERATIONS).join(', ')}`);
      }
      return read(operation.object(name) as Fields, target);
    }),
  );
}

/** One result for each operation. With `wait=false` the write goes on after the answer, which says so. */
function change(request: WireRequest, read: (target: Target) => Change[]): Promise<unknown[]> {
  const { parts, query } = request;
  const wire = parts.registry.collection(collectionName(request));
  const most = parts.config.limits.points;
  const wait = query.oneOf('wait', ['true', 'false']) !== 'false';
  return useCollection(request, async (collection) => {
    const changes = read({ collection, wire, most });
    const seq = await applyAll(collection, changes, request.signal);
    // Durable and visible in either case: a promise to do it later would be kept no sooner.
    const status = wait ? 'completed' : 'acknowledged';
    return changes.map(() => ({ operation_id: seq, status }));
  });
}

/** The number of the last batch. */
async function applyAll(collection: Collection, changes: readonly Change[], signal: AbortSignal): Promise<number> {
  for (let at = 0; at < changes.length; ) {
    const change = changes[at] as Change;
    if ('filter' in change) {
      await collection.changeMatching(change.filter, change.changeOf, { signal });
      at += 1;
      continue;
    }
    const batch: WriteOperation[] = [];
    for (let next = changes[at]; next !== undefined && 'operation' in next; next = changes[at]) {
      batch.push(next.operation);
      at += 1;
    }
    await collection.write(batch);
  }
  return collection.status().seq;
}

const MODES: readonly UpdateMode[] = ['upsert', 'insert_only', 'update_only'];
const NO_SHARDS = 'one node holds all of a collection';

function readUpsert(body: Fields, target: Target): Change {
  body.refuse(NO_SHARDS, 'shard_key');
  body.refuse('name the points', 'update_filter');
  const mode = body.oneOf('update_mode', MODES);
  const batch = body.object('batch');
  const points = batch === undefined ? readPoints(body, target) : readColumns(batch, target);
  return { operation: { upsert: points, ...(mode === undefined ? {} : { mode }) } };
}

function readPoints(body: Fields, target: Target): PointInput[] {
  body.required('points');
  const points = body.list('points') ?? [];
  requireFew(body.path('points'), points.length, target.most);
  return points.map((point, at) => readPoint(point, target, `${body.path('points')}[${at}]`));
}

function readColumns(batch: Fields, target: Target): PointInput[] {
  batch.required('ids');
  batch.required('vectors');
  const ids = readIds(batch, 'ids', target, target.most) ?? [];
  const vectors = columnOf(batch, target);
  const payloads = batch.list('payloads');
  for (const [name, column] of [
    ['vectors', vectors],
    ['payloads', payloads],
  ] as const) {
    if (column !== undefined && column.length !== ids.length) {
      throw badRequest(`${batch.path(name)}: found ${column.length}, expected ${ids.length}, one for each id`);
    }
  }
  return ids.map((id, at) => {
    const payload = payloads?.[at] ?? undefined;
    const place = `${batch.path('payloads')}[${at}]`;
    return {
      id,
      vector: readVector(vectors[at], target, `point ${id}: vector`),
      ...(payload === undefined ? {} : { payload: readPayload(payload, place) }),
    };
  });
}

// A list of vectors, or a list for each name.
function columnOf(batch: Fields, target: Target): readonly unknown[] {
  if (Array.isArray(batch.raw('vectors'))) return batch.list('vectors') ?? [];
  const columns = batch.object('vectors') as Fields;
  for (const name of columns.names()) requireVectorName(name, target, columns.place);
  const { vectorName } = target.wire;
  columns.required(vectorName);
  return (columns.list(vectorName) ?? []).map((vector) => ({ [vectorName]: vector }));
}

function readDelete(body: Fields, target: Target): Change {
  return selected(body, target, (ids) => ({ delete: ids }));
}

function readVectors(body: Fields, target: Target): Change {
  body.refuse(NO_SHARDS, 'shard_key');
  body.refuse('name the points', 'update_filter');
  body.required('points');
  const points = body.list('points') ?? [];
  requireFew(body.path('points'), points.length, target.most);
  const updateVectors = points.map((value, at) => {
    const point = Fields.of(value, `${body.path('points')}[${at}]`);
    const id = readId(point.required('id'), target);
    return { id, vector: readVector(point.required('vector'), target, `point ${id}: vector`) };
  });
  return { operation: { updateVectors } };
}

function readSetPayload(body: Fields, target: Target): Change {
  const key = body.string('key');
  const setPayload = readPayload(body.required('payload'), body.path('payload'));
  return selected(body, target, (ids) => ({ setPayload, ids, ...(key === undefined ? {} : { key }) }));
}

function readOverwritePayload(body: Fields, target: Target): Change {
  body.refuse('set it with POST', 'key');
  const overwritePayload = readPayload(body.required('payload'), body.path('payload'));
  return selected(body, target, (ids) => ({ overwritePayload, ids }));
}

function readDeletePayload(body: Fields, target: Target): Change {
  body.required('keys');
  const keys = body.list('keys') ?? [];
  const wrong = keys.find((key) => typeof key !== 'string');
  if (wrong !== undefined) throw badRequest(`${body.path('keys')}: expected a list of strings`);
  return selected(body, target, (ids) => ({ deletePayload: keys as string[], ids }));
}

function readClearPayload(body: Fields, target: Target): Change {
  return selected(body, target, (ids) => ({ clearPayload: ids }));
}

// The list of ids, or the filter, that says which points are changed; the ids where both are given, as in Qdrant.
function selected(body: Fields, target: Target, changeOf: (ids: PointId[]) => WriteOperation): Change {
  body.refuse(NO_SHARDS, 'shard_key');
  const ids = readIds(body, 'points', target, target.most);
  if (ids !== undefined) return { operation: changeOf(ids) };
  const filter = readFilter(body);
  if (filter !== undefined) return { filter, changeOf: (id) => changeOf([id]) };
  throw badRequest(`missing field \`${body.path('points')}\` or \`${body.path('filter')}\``);
}
