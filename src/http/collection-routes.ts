// Collections over the wire: making, listing, describing and dropping them, and their aliases.
import { VamanaError } from '../errors.js';
import { collectionInfo } from './collection-info.js';
import { readCreation } from './create-collection.js';
import { Fields } from './fields.js';
import { bodyOf, collectionName, type Route, useCollection, type WireRequest } from './route.js';
import { badRequest, notFound, WireError } from './wire-error.js';

export const COLLECTION_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/collections', title: 'list collections', access: 'open', handle: list },
  { method: 'GET', path: '/collections/:collection', title: 'describe a collection', access: 'read', handle: get },
  {
    method: 'PUT',
    path: '/collections/:collection',
    title: 'create a collection',
    access: 'manage',
    note: 'dense vectors, one without a name or up to 16 with names; sparse ones are accepted and stay empty; tuning of HNSW is mapped or echoed',
    handle: create,
  },
  {
    method: 'PATCH',
    path: '/collections/:collection',
    title: 'change parameters of a collection',
    access: 'manage',
    note: 'echoed; what is stored and how it is searched stays as it was made',
    handle: update,
  },
  { method: 'DELETE', path: '/collections/:collection', title: 'drop a collection', access: 'manage', handle: drop },
  {
    method: 'GET',
    path: '/collections/:collection/exists',
    title: 'whether a collection exists',
    access: 'read',
    handle: exists,
  },
  {
    method: 'GET',
    path: '/collections/:collection/cluster',
    title: 'shards of a collection',
    access: 'read',
    note: 'always one local shard',
    handle: cluster,
  },
  { method: 'POST', path: '/collections/aliases', title: 'change aliases', access: 'manage', handle: changeAliases },
  { method: 'GET', path: '/aliases', title: 'list aliases', access: 'open', handle: listAliases },
  {
    method: 'GET',
    path: '/collections/:collection/aliases',
    title: 'list aliases of a collection',
    access: 'read',
    handle: aliasesOf,
  },
];

async function list({ parts, grant }: WireRequest): Promise<unknown> {
  const names = await parts.database.listCollections();
  return { collections: names.filter((name) => grant.sees(name)).map((name) => ({ name })) };
}

function get(request: WireRequest): Promise<unknown> {
  const wire = request.parts.registry.collection(collectionName(request));
  return useCollection(request, (collection) => collectionInfo(collection, wire));
}

async function create({ params, body, parts }: WireRequest): Promise<boolean> {
  const name = params.collection as string;
  const { options, wire } = readCreation(Fields.of(body));
  if (parts.registry.isAlias(name)) throw badRequest(`\`${name}\` is an alias; choose another name`);
  if ((await parts.database.listCollections()).includes(name)) throw alreadyExists(name);
  // First the entry: a collection that is there has its names, even after a crash between the two.
  const stringIds = parts.config.storage.string_ids;
  const all = stringIds ? { ...options, stringIds } : options;
  try {
    await parts.registry.setCollection(name, wire);
    await parts.database.createCollection(name, all);
  } catch (error) {
    if (error instanceof VamanaError && error.code === 'ALREADY_EXISTS') throw alreadyExists(name);
    await parts.registry.removeCollection(name);
    throw error;
  }
  return true;
}

const CHANGEABLE = [
  'hnsw_config',
  'optimizers_config',
  'quantization_config',
  'params',
  'metadata',
  'strict_mode_config',
];

async function update(request: WireRequest): Promise<boolean> {
  const body = bodyOf(request);
  body.refuse('make the collection anew', 'vectors', 'sparse_vectors');
  const name = collectionName(request);
  return useCollection(request, async () => {
    const wire = request.parts.registry.collection(name);
    const changed = CHANGEABLE.filter((key) => body.has(key)).map((key) => [key, body.raw(key)]);
    await request.parts.registry.setCollection(name, {
      ...wire,
      asked: { ...wire.asked, ...Object.fromEntries(changed) },
    });
    return true;
  });
}

/** False, not 404, where there was none: as the real server has it. */
async function drop({ params, parts }: WireRequest): Promise<boolean> {
  const name = params.collection as string;
  try {
    await parts.database.dropCollection(name);
  } catch (error) {
    if (error instanceof VamanaError && error.code === 'NOT_FOUND') return false;
    throw error;
  }
  await parts.registry.removeCollection(name);
  return true;
}

async function exists(request: WireRequest): Promise<unknown> {
  const names = await request.parts.database.listCollections();
  return { exists: names.includes(collectionName(request)) };
}

function cluster(request: WireRequest): Promise<unknown> {
  return useCollection(request, (collection) => ({
    peer_id: 0,
    shard_count: 1,
    local_shards: [{ shard_id: 0, points_count: collection.count(), state: 'Active' }],
    remote_shards: [],
    shard_transfers: [],
  }));
}

async function changeAliases(request: WireRequest): Promise<boolean> {
  const { registry, database } = request.parts;
  const actions = bodyOf(request).required('actions');
  if (!Array.isArray(actions)) throw badRequest('actions: expected a list');
  const collections = await database.listCollections();
  await registry.changeAliases((aliases) => {
    for (const [at, action] of actions.entries()) {
      applyAlias(Fields.of(action, `actions[${at}]`), aliases, collections);
    }
  });
  return true;
}

function applyAlias(action: Fields, aliases: Record<string, string>, collections: readonly string[]): void {
  const create = action.object('create_alias');
  const rename = action.object('rename_alias');
  const remove = action.object('delete_alias');
  if (create !== undefined) {
    const target = text(create, 'collection_name');
    if (!collections.includes(target)) throw notFound(`Collection \`${target}\` doesn't exist!`);
    setAlias(aliases, text(create, 'alias_name'), target, collections);
  } else if (rename !== undefined) {
    const target = takeAlias(aliases, text(rename, 'old_alias_name'));
    setAlias(aliases, text(rename, 'new_alias_name'), target, collections);
  } else if (remove !== undefined) {
    takeAlias(aliases, text(remove, 'alias_name'));
  } else {
    throw badRequest(`${action.place}: expected create_alias, delete_alias or rename_alias`);
  }
}

function setAlias(
  aliases: Record<string, string>,
  alias: string,
  target: string,
  collections: readonly string[],
): void {
  if (!/^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}$/.test(alias)) throw badRequest(`${JSON.stringify(alias)} is no alias`);
  if (collections.includes(alias)) throw new WireError(409, `Collection \`${alias}\` already exists!`);
  aliases[alias] = target;
}

function takeAlias(aliases: Record<string, string>, alias: string): string {
  const target = Object.hasOwn(aliases, alias) ? aliases[alias] : undefined;
  if (target === undefined) throw notFound(`Alias \`${alias}\` does not exists!`);
  delete aliases[alias];
  return target;
}

function listAliases({ parts, grant }: WireRequest): unknown {
  return { aliases: parts.registry.aliases().filter(({ collection_name }) => grant.sees(collection_name)) };
}

function aliasesOf(request: WireRequest): Promise<unknown> {
  const name = collectionName(request);
  return useCollection(request, () => ({
    aliases: request.parts.registry.aliases().filter(({ collection_name }) => collection_name === name),
  }));
}

function text(fields: Fields, name: string): string {
  fields.required(name);
  return fields.string(name) as string;
}

function alreadyExists(name: string): WireError {
  return new WireError(409, `Wrong input: Collection \`${name}\` already exists!`);
}
