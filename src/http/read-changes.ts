// Changes of points as requests ask for them, read into changes of the library: whole, so that a body that is wrong
// changes nothing. Pure: runs on the event loop for small bodies and on a thread of bulk-pool.ts for large ones.
import type { PointId } from '../payload/point.js';
import type { AnyPoint, UpdateMode, WriteOperation } from '../write/write-batch.js';
import { Fields } from './fields.js';
import { readFilter } from './filter-option.js';
import { badRequest, notSupported } from './wire-error.js';
import { mayLackVectors, spaceNamed } from './wire-spaces.js';
import { readId, readIds, readPayload, readPoint, readVectors, requireFew, type WriteShape } from './wire-point.js';

export interface Target extends WriteShape {
  /** Points, or ids, of one request. */
  most: number;
}

/** What is done to points, without saying to which. */
export type Deed =
  | { kind: 'delete' }
  | { kind: 'clearPayload' }
  | { kind: 'setPayload'; payload: Record<string, unknown>; key?: string }
  | { kind: 'overwritePayload'; payload: Record<string, unknown> }
  | { kind: 'deletePayload'; keys: readonly string[] }
  /** By the names of the library. */
  | { kind: 'deleteVectors'; names: readonly string[] };

/** Of points that are named, or of those that match. */
export type Change = { operation: WriteOperation } | { filter: unknown; deed: Deed };

type Reader = (body: Fields, target: Target) => Change;

const MODES: readonly UpdateMode[] = ['upsert', 'insert_only', 'update_only'];
const NO_SHARDS = 'one node holds all of a collection';

const READERS = {
  upsert: readUpsert,
  delete: readDelete,
  set_payload: readSetPayload,
  overwrite_payload: readOverwritePayload,
  delete_payload: readDeletePayload,
  clear_payload: readClearPayload,
  update_vectors: readUpdateVectors,
  delete_vectors: readDeleteVectors,
} as const satisfies Record<string, Reader>;

export type ChangeKind = keyof typeof READERS | 'batch';

/** The changes of a body of that kind, in their order; 400, naming the place of what is wrong. */
export function readChanges(kind: ChangeKind, value: unknown, target: Target): Change[] {
  const body = Fields.of(value);
  return kind === 'batch' ? readOperations(body, target) : [READERS[kind](body, target)];
}

export function doTo(deed: Deed, ids: readonly PointId[]): WriteOperation {
  if (deed.kind === 'delete') return { delete: ids };
  if (deed.kind === 'clearPayload') return { clearPayload: ids };
  if (deed.kind === 'overwritePayload') return { overwritePayload: deed.payload, ids };
  if (deed.kind === 'deletePayload') return { deletePayload: deed.keys, ids };
  if (deed.kind === 'deleteVectors') return { deleteVectors: deed.names, ids };
  return { setPayload: deed.payload, ids, ...(deed.key === undefined ? {} : { key: deed.key }) };
}

function readOperations(body: Fields, target: Target): Change[] {
  const operations = body.list('operations');
  if (operations === undefined) throw badRequest('missing field `operations`');
  return operations.map((value, at) => {
    const operation = Fields.of(value, `operations[${at}]`);
    const [name, ...others] = operation.names();
    const read = name !== undefined && Object.hasOwn(READERS, name) ? READERS[name as keyof typeof READERS] : undefined;
    if (read === undefined || name === undefined || others.length > 0) {
      throw badRequest(`${operation.place}: expected one of ${Object.keys(READERS).join(', ')}`);
    }
    return read(operation.object(name) as Fields, target);
  });
}

function readUpsert(body: Fields, target: Target): Change {
  body.refuse(NO_SHARDS, 'shard_key');
  body.refuse('name the points', 'update_filter');
  const mode = body.oneOf('update_mode', MODES);
  const batch = body.object('batch');
  const points = batch === undefined ? readPoints(body, target) : readColumns(batch, target);
  return { operation: { upsert: points, ...(mode === undefined ? {} : { mode }) } };
}

function readPoints(body: Fields, target: Target): AnyPoint[] {
  body.required('points');
  const points = body.list('points') ?? [];
  requireFew(body.path('points'), points.length, target.most);
  return points.map((point, at) => readPoint(point, target, `${body.path('points')}[${at}]`));
}

function readColumns(batch: Fields, target: Target): AnyPoint[] {
  batch.required('ids');
  batch.required('vectors');
  const ids = readIds(batch, 'ids', target, target.most) ?? [];
  const vectors = columnOf(batch, ids.length);
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
      ...readVectors(vectors[at], target, `point ${id}: vector`),
      ...(payload === undefined ? {} : { payload: readPayload(payload, place) }),
    };
  });
}

// A list of vectors, or a list for each name: the vectors of each point.
function columnOf(batch: Fields, rows: number): readonly unknown[] {
  if (Array.isArray(batch.raw('vectors'))) return batch.list('vectors') ?? [];
  const columns = batch.object('vectors') as Fields;
  const named = columns.names().map((name) => [name, columns.list(name) ?? []] as const);
  for (const [name, { length }] of named) {
    if (length !== rows) throw badRequest(`${columns.path(name)}: found ${length}, expected ${rows}, one for each id`);
  }
  return Array.from({ length: rows }, (_, at) => Object.fromEntries(named.map(([name, list]) => [name, list[at]])));
}

function readDelete(body: Fields, target: Target): Change {
  return selected(body, target, { kind: 'delete' });
}

function readUpdateVectors(body: Fields, target: Target): Change {
  body.refuse(NO_SHARDS, 'shard_key');
  body.refuse('name the points', 'update_filter');
  body.required('points');
  const points = body.list('points') ?? [];
  requireFew(body.path('points'), points.length, target.most);
  const updateVectors = points.map((value, at) => {
    const point = Fields.of(value, `${body.path('points')}[${at}]`);
    const id = readId(point.required('id'), target);
    return { id, ...readVectors(point.required('vector'), target, `point ${id}: vector`) };
  });
  const onlyMissing = body.boolean('only_missing') ?? false;
  return { operation: { updateVectors, ...(onlyMissing ? { onlyMissing } : {}) } };
}

function readDeleteVectors(body: Fields, target: Target): Change {
  if (!mayLackVectors(target))
    throw notSupported('deleting vectors', 'delete the points: each must have its one vector');
  body.required('vector');
  const names = (body.list('vector') ?? []).map((name) => spaceNamed(String(name), target, body.path('vector')).name);
  return selected(body, target, { kind: 'deleteVectors', names });
}

function readSetPayload(body: Fields, target: Target): Change {
  const key = body.string('key');
  const payload = readPayload(body.required('payload'), body.path('payload'));
  return selected(body, target, { kind: 'setPayload', payload, ...(key === undefined ? {} : { key }) });
}

function readOverwritePayload(body: Fields, target: Target): Change {
  body.refuse('set it with POST', 'key');
  const payload = readPayload(body.required('payload'), body.path('payload'));
  return selected(body, target, { kind: 'overwritePayload', payload });
}

function readDeletePayload(body: Fields, target: Target): Change {
  body.required('keys');
  const keys = body.list('keys') ?? [];
  const wrong = keys.find((key) => typeof key !== 'string');
  if (wrong !== undefined) throw badRequest(`${body.path('keys')}: expected a list of strings`);
  return selected(body, target, { kind: 'deletePayload', keys: keys as string[] });
}

function readClearPayload(body: Fields, target: Target): Change {
  return selected(body, target, { kind: 'clearPayload' });
}

// The list of ids, or the filter, that says which points are changed; the ids where both are given, as in Qdrant.
function selected(body: Fields, target: Target, deed: Deed): Change {
  body.refuse(NO_SHARDS, 'shard_key');
  const ids = readIds(body, 'points', target, target.most);
  if (ids !== undefined) return { operation: doTo(deed, ids) };
  const filter = readFilter(body);
  if (filter !== undefined) return { filter, deed };
  throw badRequest(`missing field \`${body.path('points')}\` or \`${body.path('filter')}\``);
}
