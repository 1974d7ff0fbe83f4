// Snapshots of collections over the wire: taken, listed, sent, taken back and removed. Those of the whole storage and of
// shards are refused: one is a list of collections here, the other is the collection.
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { inBackground } from './background.js';
import { RawAnswer } from './raw-answer.js';
import { receiveUpload } from './receive-upload.js';
import { locate, recoverArchive, recoverFolder, requireChecksum } from './recover-snapshot.js';
import { bodyOf, collectionName, type Route, refusedRoute, useCollection, type WireRequest } from './route.js';
import { badRequest } from './wire-error.js';

const COLLECTION = '/collections/:collection';
const SNAPSHOTS = `${COLLECTION}/snapshots`;
const SHARD = `${COLLECTION}/shards/:shard`;

export const SNAPSHOT_ROUTES: readonly Route[] = [
  { method: 'GET', path: SNAPSHOTS, title: 'list snapshots', access: 'read', handle: list },
  {
    method: 'POST',
    path: SNAPSHOTS,
    title: 'take a snapshot',
    access: 'manage',
    long: true,
    handle: create,
  },
  {
    method: 'GET',
    path: `${SNAPSHOTS}/:snapshot`,
    title: 'download a snapshot',
    access: 'read',
    long: true,
    handle: download,
  },
  {
    method: 'DELETE',
    path: `${SNAPSHOTS}/:snapshot`,
    title: 'delete a snapshot',
    access: 'manage',
    handle: remove,
  },
  {
    method: 'PUT',
    path: `${SNAPSHOTS}/recover`,
    title: 'recover from a snapshot',
    access: 'manage',
    long: true,
    note: 'from file:// on this machine, an archive or a folder of `vamana snapshot`; URLs are refused',
    handle: recover,
  },
  {
    method: 'POST',
    path: `${SNAPSHOTS}/upload`,
    title: 'recover from an uploaded snapshot',
    access: 'manage',
    takes: 'stream',
    long: true,
    handle: upload,
  },
  ...refusedRoutes(),
];

function refusedRoutes(): Route[] {
  const storage = 'take one of each collection';
  const shard = "use the collection's snapshots: one node holds all of it";
  const row = (method: Route['method'], path: string, title: string, instead: string): Route =>
    refusedRoute({ method, path, title, access: method === 'GET' ? 'read' : 'manage' }, instead);
  return [
    row('GET', '/snapshots', 'list storage snapshots', storage),
    row('POST', '/snapshots', 'take a storage snapshot', storage),
    row('GET', '/snapshots/:snapshot', 'download a storage snapshot', storage),
    row('DELETE', '/snapshots/:snapshot', 'delete a storage snapshot', storage),
    row('GET', `${SHARD}/snapshot`, 'stream a snapshot of a shard', shard),
    row('GET', `${SHARD}/snapshots`, 'list snapshots of a shard', shard),
    row('POST', `${SHARD}/snapshots`, 'take a snapshot of a shard', shard),
    row('GET', `${SHARD}/snapshots/:snapshot`, 'download a snapshot of a shard', shard),
    row('DELETE', `${SHARD}/snapshots/:snapshot`, 'delete a snapshot of a shard', shard),
    row('PUT', `${SHARD}/snapshots/recover`, 'recover a shard', shard),
    row('POST', `${SHARD}/snapshots/upload`, 'recover a shard from an upload', shard),
  ];
}

// The collection is asked for first: a name that none has is 404, and is no path either.
function list(request: WireRequest): Promise<unknown> {
  return useCollection(request, ({ name }) => request.parts.snapshots.list(name));
}

function create(request: WireRequest): Promise<unknown> {
  const { parts } = request;
  const wire = parts.registry.collection(collectionName(request));
  return inBackground(request, (signal) =>
    useCollection(request, (collection) => parts.snapshots.create(collection, wire, signal)),
  );
}

function download(request: WireRequest): Promise<RawAnswer> {
  const { parts, params } = request;
  return useCollection(request, async ({ name }) => {
    const snapshot = params.snapshot as string;
    const { size, stream } = await parts.snapshots.open(name, snapshot);
    return new RawAnswer(stream() as Readable, {
      'content-type': 'application/octet-stream',
      'content-length': size,
      'content-disposition': `attachment; filename="${snapshot}"`,
    });
  });
}

function remove(request: WireRequest): Promise<boolean> {
  const { parts, params } = request;
  return useCollection(request, async ({ name }) => {
    await parts.snapshots.remove(name, params.snapshot as string);
    return true;
  });
}

async function recover(request: WireRequest): Promise<unknown> {
  const body = bodyOf(request);
  body.required('location');
  const location = body.string('location') as string;
  const checksum = body.string('checksum');
  body.oneOf('priority', ['no_sync', 'snapshot', 'replica']);
  const name = requireName(request);
  const { path, isFolder } = await locate(location);
  return inBackground(request, async (signal) => {
    if (isFolder && checksum !== undefined) throw badRequest('checksum: expected none for a folder, which has its own');
    if (isFolder) await recoverFolder(request.parts, name, path, undefined, signal);
    else await recoverArchive(request.parts, name, path, checksum, signal);
    return true;
  });
}

async function upload(request: WireRequest): Promise<boolean> {
  const { parts, query, body, contentType, signal } = request;
  const checksum = query.string('checksum');
  query.oneOf('priority', ['no_sync', 'snapshot', 'replica']);
  const name = requireName(request);
  const { upload_bytes: bytes, body_seconds: idleSeconds } = parts.config.limits;
  if (body === undefined) throw badRequest('expected multipart/form-data with the snapshot as a file');
  await parts.snapshots.inTemporary(name, async (temporary) => {
    const archive = join(temporary, 'archive');
    const { sha256 } = await receiveUpload(body as Readable, contentType, archive, { bytes, idleSeconds }, signal);
    requireChecksum(sha256, checksum);
    await recoverArchive(parts, name, archive, undefined, signal);
  });
  return true;
}

/** Of a collection that need not be there yet; INVALID_ARGUMENT for what none can be called. */
function requireName(request: WireRequest): string {
  const name = collectionName(request);
  request.parts.database.requireName(name);
  return name;
}
