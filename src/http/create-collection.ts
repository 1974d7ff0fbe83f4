// CreateCollection of the wire, as options of the library and what is kept to be echoed. What tunes another engine is
// mapped where it has a meaning here: degree = 2 x m, the beam of a build = ef_construct. Everything else is echoed.
import type { CollectionOptions, NamedCollectionOptions, SpaceOptions } from '../config/collection-config.js';
import { MAX_DIMENSION } from '../limits.js';
import type { Fields } from './fields.js';
import { DISTANCES, metricOf } from './scores.js';
import { badRequest, notSupported } from './wire-error.js';
import type { WireCollection } from './wire-registry.js';

export interface Creation {
  options: CollectionOptions | NamedCollectionOptions;
  wire: WireCollection;
}

const ECHOED = [
  'vectors',
  'sparse_vectors',
  'hnsw_config',
  'optimizers_config',
  'wal_config',
  'quantization_config',
  'strict_mode_config',
  'on_disk_payload',
  'shard_number',
  'replication_factor',
  'write_consistency_factor',
  'metadata',
];
const ELEMENTS = { float32: 'f32', float16: 'f16', uint8: 'u8' } as const;
const DEGREE = { least: 4, most: 126 };
const BUILD_LIST_MOST = 100_000;

export function readCreation(body: Fields): Creation {
  body.refuse('one node holds all of a collection', 'sharding_method', 'init_from');
  if ((body.integer('shard_number', { least: 1 }) ?? 1) > 1) {
    throw notSupported('`shard_number` above 1', 'one node holds all of a collection');
  }
  body.object('sparse_vectors');
  body.required('vectors');
  const vectors = body.object('vectors') as Fields;
  const asked = Object.fromEntries(ECHOED.filter((key) => body.has(key)).map((key) => [key, body.raw(key)]));
  return { options: readSpaces(vectors, body), wire: { vectorName: '', asked } };
}

function readSpaces(vectors: Fields, body: Fields): CollectionOptions | NamedCollectionOptions {
  const hnsw = body.object('hnsw_config');
  if (vectors.has('size') && !isParams(vectors.raw('size'))) return readSpace(vectors, hnsw);
  const names = vectors.names();
  const [first] = names;
  if (first === undefined) throw badRequest('vectors: found none, expected one');
  if (names.length === 1 && first === '') return readSpace(vectors.object(first) as Fields, hnsw);
  return {
    spaces: Object.fromEntries(names.map((name) => [name, readSpace(vectors.object(name) as Fields, hnsw)])),
  };
}

/** VectorParams of the wire; `hnsw` where it has none of its own. */
export function readSpace(params: Fields, hnsw?: Fields): SpaceOptions {
  params.refuse('send one vector a point', 'multivector_config');
  params.required('size');
  params.required('distance');
  const distance = params.oneOf('distance', DISTANCES) ?? 'Cosine';
  return {
    dim: params.integer('size', { least: 1, most: MAX_DIMENSION }) as number,
    metric: metricOf(distance),
    element: ELEMENTS[params.oneOf('datatype', ['float32', 'float16', 'uint8']) ?? 'float32'],
    ...graphOptions(params.object('hnsw_config') ?? hnsw),
    ...(params.has('model') ? { model: params.string('model') as string } : {}),
    ...(params.has('prefix_of') ? { prefixOf: params.string('prefix_of') as string } : {}),
  };
}

// A vector may be named "size".
function isParams(value: unknown): boolean {
  return typeof value === 'object';
}

function graphOptions(hnsw: Fields | undefined): Pick<CollectionOptions, 'degree' | 'buildList'> {
  const m = hnsw?.integer('m') ?? 0;
  const degree = m === 0 ? undefined : Math.min(DEGREE.most, Math.max(DEGREE.least, 2 * m));
  const ef = hnsw?.integer('ef_construct');
  const buildList = ef === undefined ? undefined : Math.min(BUILD_LIST_MOST, Math.max(ef, degree ?? DEGREE.most));
  return {
    ...(degree === undefined ? {} : { degree, buildList: Math.max(100, degree) }),
    ...(buildList === undefined ? {} : { buildList }),
  };
}
