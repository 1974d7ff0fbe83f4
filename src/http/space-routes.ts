// Named vectors that are added, compared, chosen and dropped while a collection is served: how a new model takes the place
// of an old one. Adding and dropping are Qdrant's too; a backfill is `PUT points/vectors` with `only_missing`.
import type { Collection } from '../collection/collection.js';
import { spacesOf } from '../config/spaces.js';
import { readSpace } from './create-collection.js';
import { Fields } from './fields.js';
import { bodyOf, collectionName, type Route, useCollection, type WireRequest } from './route.js';
import { spaceNamed } from './wire-spaces.js';

const SPACE = '/vamana/collections/:collection/spaces/:space';
const QUERIES_MOST = 10_000;

export const SPACE_ROUTES: readonly Route[] = [
  {
    method: 'PUT',
    path: '/collections/:collection/vectors/:space',
    title: 'add a named vector',
    access: 'manage',
    long: true,
    note: 'a dense one; points have it once they are given it',
    handle: (request) => changeVectors(request, addNamed),
  },
  {
    method: 'DELETE',
    path: '/collections/:collection/vectors/:space',
    title: 'drop a named vector',
    access: 'manage',
    long: true,
    note: 'but for the only one',
    handle: (request) => changeVectors(request, dropNamed),
  },
  {
    ...route('PUT', '', 'add a named vector (ours)', add),
    note: 'body: size, distance, datatype, hnsw_config, model; points have it once they are given it',
  },
  route('DELETE', '', 'drop a named vector (ours)', (_, collection, name) => collection.spaces.drop(name)),
  route('POST', '/default', 'choose the vector that queries without `using` ask (ours)', (_, collection, name) =>
    collection.spaces.setDefault(name),
  ),
  {
    ...route('POST', '/compare', 'compare two named vectors (ours)', compare),
    access: 'read',
    note: 'body: with, queries, limit, hnsw_ef; overlap of their answers, and the recall of each',
  },
];

type Work = (request: WireRequest, collection: Collection, name: string) => Promise<unknown>;

/** True where there is nothing else to tell. */
function route(method: 'PUT' | 'POST' | 'DELETE', end: string, title: string, work: Work): Route {
  const handle = (request: WireRequest): Promise<unknown> =>
    useCollection(request, async (collection) => {
      const given = request.params.space as string;
      // What is to be added is not there yet.
      const name = method === 'PUT' ? given : nameOf(request, collection, given);
      return (await work(request, collection, name)) ?? true;
    });
  return { method, path: SPACE + end, title, access: 'manage', long: true, handle };
}

/** As Qdrant answers changes. */
function changeVectors(request: WireRequest, work: Work): Promise<unknown> {
  return useCollection(request, async (collection) => {
    await work(request, collection, request.params.space as string);
    return { operation_id: collection.status().seq, status: 'completed' };
  });
}

async function addNamed(request: WireRequest, collection: Collection, name: string): Promise<void> {
  const body = bodyOf(request);
  body.refuse('add a dense one', 'sparse');
  body.required('dense');
  await collection.spaces.add(name, readSpace(body.object('dense') as Fields));
}

// Where it is the one that is asked by default another takes its place: Qdrant has no default.
async function dropNamed(request: WireRequest, collection: Collection, given: string): Promise<void> {
  const name = nameOf(request, collection, given);
  const [first, second] = spacesOf(collection.config);
  if (first.name === name && second !== undefined) await collection.spaces.setDefault(second.name, { chosen: false });
  await collection.spaces.drop(name);
}

function add(request: WireRequest, collection: Collection, name: string): Promise<void> {
  return collection.spaces.add(name, readSpace(bodyOf(request)));
}

function compare(request: WireRequest, collection: Collection, name: string): Promise<unknown> {
  const body = Fields.of(request.body ?? {});
  body.required('with');
  const other = nameOf(request, collection, body.string('with') as string);
  const queries = body.integer('queries', { least: 1, most: QUERIES_MOST });
  const k = body.integer('limit', { least: 1, most: request.parts.config.limits.results });
  const listSize = body.integer('hnsw_ef', { least: 1 });
  return collection.spaces.compare(name, other, {
    signal: request.signal,
    ...(queries === undefined ? {} : { queries }),
    ...(k === undefined ? {} : { k }),
    ...(listSize === undefined ? {} : { listSize }),
  });
}

function nameOf(request: WireRequest, collection: Collection, given: string): string {
  const wire = request.parts.registry.collection(collectionName(request));
  return spaceNamed(given, { collection, wire }, 'the path').name;
}
