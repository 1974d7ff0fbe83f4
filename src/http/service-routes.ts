// What belongs to no collection: who answers, whether it is ready, and what it reports of itself; and every operation
// of Qdrant that is refused, each with what to do instead.
import { inBackground } from './background.js';
import { type Route, refusedRoute, useCollection, type WireRequest } from './route.js';
import { WireError } from './wire-error.js';

export const SERVICE_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/', title: 'title and version', access: 'open', bare: true, handle: root },
  {
    method: 'GET',
    path: '/healthz',
    title: 'health',
    access: 'open',
    bare: true,
    handle: () => 'healthz check passed',
  },
  { method: 'GET', path: '/livez', title: 'liveness', access: 'open', bare: true, handle: () => 'livez check passed' },
  { method: 'GET', path: '/readyz', title: 'readiness', access: 'open', bare: true, handle: ready },
  { method: 'GET', path: '/cluster', title: 'cluster status', access: 'read', handle: () => ({ status: 'disabled' }) },
  { method: 'GET', path: '/issues', title: 'issues', access: 'read', handle: () => ({ issues: [] }) },
  { method: 'DELETE', path: '/issues', title: 'clear issues', access: 'manage', handle: () => true },
  {
    method: 'POST',
    path: '/vamana/collections/:collection/flush',
    title: 'write fresh rows as a segment (ours)',
    access: 'write',
    long: true,
    handle: flush,
  },
  {
    method: 'GET',
    path: '/vamana/collections/:collection/status',
    title: 'what a collection holds, by part (ours)',
    access: 'read',
    handle: (request) =>
      useCollection(request, (collection) => ({ config: collection.config, ...collection.status() })),
  },
];

const COLLECTION = '/collections/:collection';
const ONE_NODE = 'one node holds all of a collection';
const NEAREST = 'use points/query with nearest';

export const REFUSED_ROUTES: readonly Route[] = [
  refused('POST', `${COLLECTION}/points/discover`, 'discover', 'read', NEAREST),
  refused('POST', `${COLLECTION}/points/discover/batch`, 'discover, many at once', 'read', NEAREST),
  refused('POST', `${COLLECTION}/points/search/matrix/pairs`, 'distance matrix, pairs', 'read', NEAREST),
  refused('POST', `${COLLECTION}/points/search/matrix/offsets`, 'distance matrix, offsets', 'read', NEAREST),
  refused('GET', `${COLLECTION}/optimizations`, 'optimizations', 'read', 'see /vamana/collections/{collection}/status'),
  refused('GET', `${COLLECTION}/shards`, 'list shard keys', 'read', ONE_NODE),
  refused('PUT', `${COLLECTION}/shards`, 'create a shard key', 'manage', ONE_NODE),
  refused('POST', `${COLLECTION}/shards/delete`, 'delete a shard key', 'manage', ONE_NODE),
  refused('POST', `${COLLECTION}/cluster`, 'move shards', 'manage', ONE_NODE),
  refused('POST', '/cluster/recover', 'recover a peer', 'manage', ONE_NODE),
  refused('GET', '/cluster/telemetry', 'telemetry of the cluster', 'read', ONE_NODE),
  refused('DELETE', '/cluster/peer/:peer', 'remove a peer', 'manage', ONE_NODE),
];

function refused(
  method: Route['method'],
  path: string,
  title: string,
  access: Route['access'],
  instead: string,
): Route {
  return refusedRoute({ method, path, title, access }, instead);
}

function flush(request: WireRequest): Promise<unknown> {
  return inBackground(request, () =>
    useCollection(request, async (collection) => {
      await collection.flush();
      return true;
    }),
  );
}

function root({ parts }: WireRequest): unknown {
  return { title: 'vamana-ssd - vector search engine', version: parts.config.service.version, commit: '' };
}

function ready({ parts }: WireRequest): string {
  if (parts.state.stopping) throw new WireError(503, 'the service is stopping');
  return 'all shards are ready';
}
