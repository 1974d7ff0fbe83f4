// Everything that changes points. Each body is read whole first (read-changes.ts), a large one on a thread of its own.
// Changes of points by their ids then happen as one batch; many points in several, one after the other; a change by a
// filter stands for itself, and happens in its turn, point by point as they match.
import type { Collection } from '../collection/collection.js';
import type { EncodedPoint, NamedPointInput, WriteOperation } from '../write/write-batch.js';
import { type BulkChange, type BulkTask, readBulk } from './bulk-task.js';
import { readFloatColumns } from './binary-points.js';
import { packFloatColumns, type PackedPoints, packedBytes, unpackPoints } from './packed-points.js';
import { type ChangeKind, doTo, readChanges } from './read-changes.js';
import { LARGE_BODY_BYTES, type Route, useCollection, type WireRequest } from './route.js';
import { badRequest } from './wire-error.js';
import { mayLackVectors, spaceNamed } from './wire-spaces.js';

const POINTS = '/collections/:collection/points';

export const WRITE_ROUTES: readonly Route[] = [
  route('PUT', '', 'upsert points', 'upsert', 'points and batch forms; `update_filter` is refused'),
  route('POST', '/delete', 'delete points', 'delete'),
  route('PUT', '/vectors', 'update vectors', 'update_vectors'),
  route(
    'POST',
    '/vectors/delete',
    'delete vectors',
    'delete_vectors',
    'not of an unnamed vector, which each point has',
  ),
  route('POST', '/payload', 'set payload', 'set_payload'),
  route('PUT', '/payload', 'overwrite payload', 'overwrite_payload'),
  route('POST', '/payload/delete', 'delete keys of payloads', 'delete_payload'),
  route('POST', '/payload/clear', 'clear payloads', 'clear_payload'),
  {
    method: 'POST',
    path: `${POINTS}/batch`,
    title: 'several changes in one request',
    access: 'write',
    takes: 'bulk',
    note: 'all of them happen, or none, but for those by a filter, which happen in their turn',
    handle: (request) => change(request, 'batch'),
  },
  {
    method: 'POST',
    path: '/vamana/collections/:collection/points',
    title: 'upsert points as typed rows (ours)',
    access: 'write',
    takes: 'bytes',
    note: 'the format is in FORMATS.md; `using` in the query names the vector',
    handle: async (request) => (await change(request, 'binary'))[0],
  },
];

function route(method: 'PUT' | 'POST', end: string, title: string, kind: ChangeKind, note?: string): Route {
  const handle = async (request: WireRequest): Promise<unknown> => (await change(request, kind))[0];
  return {
    method,
    path: POINTS + end,
    title,
    access: 'write',
    takes: 'bulk',
    handle,
    ...(note === undefined ? {} : { note }),
  };
}

/** Columns that are only looked at are read on the event loop up to here: some milliseconds. */
const LARGE_COLUMNS_BYTES = 4 * 1024 * 1024;
/** Of points that were read so: batches short enough for one turn of the loop, and so many at once share a sync. */
const BATCH_BYTES = 128 * 1024;
const BATCHES_IN_FLIGHT = 4;

/** One result for each operation. With `wait=false` the answer says that it is not waited for. */
function change(request: WireRequest, kind: BulkTask['kind']): Promise<unknown[]> {
  const wait = request.query.oneOf('wait', ['true', 'false']) !== 'false';
  return useCollection(request, async (collection) => {
    const startMs = performance.now();
    const changes = await read(request, kind, collection);
    const readMs = performance.now();
    request.trace?.stage('check', startMs, readMs);
    const seq = await applyAll(collection, changes, request.signal);
    request.trace?.stage('write', readMs);
    // Durable and visible in either case: a promise to do it later would be kept no sooner.
    const status = wait ? 'completed' : 'acknowledged';
    return changes.map(() => ({ operation_id: seq, status }));
  });
}

async function read(
  { body, parts, query }: WireRequest,
  kind: BulkTask['kind'],
  collection: Collection,
): Promise<BulkChange[]> {
  const { config } = collection;
  const wire = parts.registry.collection(collection.name);
  const most = parts.config.limits.points;
  if (!(body instanceof Uint8Array)) {
    if (kind === 'binary') throw badRequest('expected points as bytes; see FORMATS.md');
    return readChanges(kind, body, { collection, wire, most });
  }
  const using = query.string('using');
  const packed =
    kind === 'binary' && body.length < LARGE_COLUMNS_BYTES
      ? packColumns(body, { config, wire, most, using })
      : undefined;
  if (packed !== undefined) return [{ packed }];
  const task = { kind, bytes: body, config, wire, most, ...(using === undefined ? {} : { using }) };
  return body.length < LARGE_BODY_BYTES ? readBulk(task) : parts.bulk.read(task);
}

function packColumns(
  body: Uint8Array,
  { config, wire, most: points, using }: Pick<BulkTask, 'config' | 'wire' | 'most'> & { using: string | undefined },
): PackedPoints | undefined {
  const shape = { collection: { config }, wire };
  const space = spaceNamed(using, shape, 'using');
  const columns = readFloatColumns(body, { points, dim: space.dim });
  return columns === undefined ? undefined : packFloatColumns(columns, space, mayLackVectors(shape));
}

/** The number of the last batch. */
async function applyAll(collection: Collection, changes: readonly BulkChange[], signal: AbortSignal): Promise<number> {
  for (let at = 0; at < changes.length; ) {
    const change = changes[at] as BulkChange;
    if ('packed' in change) {
      await applyPacked(collection, change.packed);
      at += 1;
      continue;
    }
    if ('filter' in change) {
      await collection.changeMatching(change.filter, (id) => doTo(change.deed, [id]), { signal });
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

// What is in the points was checked: only the machine can fail it midway, and what was written by then stays.
async function applyPacked(collection: Collection, packed: PackedPoints): Promise<void> {
  const { kind, mode, ids } = packed;
  const bytes = packedBytes(packed) / Math.max(1, ids.length);
  const batchPoints = Math.max(1, Math.floor(BATCH_BYTES / Math.max(1, bytes)));
  const write = (batch: readonly (EncodedPoint | NamedPointInput)[]) =>
    kind === 'vectors' ? collection.updateVectors(batch) : collection.upsert(batch, mode === undefined ? {} : { mode });
  const waiting: ReturnType<typeof write>[] = [];
  try {
    for (let at = 0; at < ids.length; at += batchPoints) {
      const done = write(unpackPoints(packed, at, at + batchPoints));
      // Met when its turn comes; until then it must not count as unhandled.
      done.catch(() => undefined);
      waiting.push(done);
      if (waiting.length >= BATCHES_IN_FLIGHT) await waiting.shift();
    }
    while (waiting.length > 0) await waiting.shift();
  } finally {
    await Promise.allSettled(waiting);
  }
}
