// CollectionInfo of the wire: what a collection holds, and its parameters: those it was asked for, and for the rest what
// stands for them here. Clients check that members are there more than what they say.
import type { Collection } from '../collection/collection.js';
import type { CollectionConfig } from '../config/collection-config.js';
import { hasNames, type Space, spacesOf } from '../config/spaces.js';
import { payloadSchema } from './field-routes.js';
import { isObject } from './fields.js';
import { distanceOf } from './scores.js';
import type { WireCollection } from './wire-registry.js';
import { wireName } from './wire-spaces.js';

const DATATYPES: Readonly<Record<string, string>> = { f16: 'float16', u8: 'uint8' };
const PARAMS = ['shard_number', 'replication_factor', 'write_consistency_factor', 'on_disk_payload', 'sparse_vectors'];

export function collectionInfo(collection: Collection, wire: WireCollection): unknown {
  const { points, segments, freshRows, unlinkedRows, flushing, flushError, writeError, lifecycle } =
    collection.status();
  const problem = writeError ?? flushError;
  const unoptimised = problem ?? lifecycle.alarm;
  const busy = flushing > 0 || unlinkedRows > 0;
  return {
    status: problem === null ? (busy ? 'yellow' : 'green') : 'red',
    optimizer_status: unoptimised === null ? 'ok' : { error: unoptimised },
    points_count: points,
    indexed_vectors_count: Math.max(0, Math.min(points, points - unlinkedRows)),
    segments_count: segments.length + (freshRows > 0 ? 1 : 0),
    config: configOf(collection.config, wire),
    payload_schema: payloadSchema(collection.fieldIndexes()),
  };
}

function configOf(config: CollectionConfig, wire: WireCollection): unknown {
  const { asked } = wire;
  return {
    params: {
      vectors: vectorsOf(config, wire),
      shard_number: 1,
      replication_factor: 1,
      write_consistency_factor: 1,
      on_disk_payload: true,
      ...Object.fromEntries(PARAMS.filter((key) => Object.hasOwn(asked, key)).map((key) => [key, asked[key]])),
      ...membersOf(asked.params),
    },
    hnsw_config: {
      m: Math.floor(config.degree / 2),
      ef_construct: config.buildList,
      full_scan_threshold: 10_000,
      max_indexing_threads: 0,
      on_disk: false,
      ...membersOf(asked.hnsw_config),
    },
    optimizer_config: {
      deleted_threshold: 0.2,
      vacuum_min_vector_number: 1000,
      default_segment_number: 0,
      max_segment_size: null,
      memmap_threshold: null,
      indexing_threshold: 10_000,
      flush_interval_sec: 5,
      max_optimization_threads: null,
      ...membersOf(asked.optimizers_config),
    },
    wal_config: { wal_capacity_mb: 64, wal_segments_ahead: 0, ...membersOf(asked.wal_config) },
    quantization_config: asked.quantization_config ?? null,
    ...(asked.strict_mode_config === undefined ? {} : { strict_mode_config: asked.strict_mode_config }),
    ...(asked.metadata === undefined ? {} : { metadata: asked.metadata }),
  };
}

// Those that were asked for as they were, then what was added since.
function vectorsOf(config: CollectionConfig, wire: WireCollection): unknown {
  const spaces = [...spacesOf(config)].sort((a, b) => a.number - b.number);
  const [first] = spaces as [Space];
  if (!hasNames(config) && wire.vectorName === '') return { ...paramsOf(first), ...membersOf(wire.asked.vectors) };
  return Object.fromEntries(
    spaces.map((space) => {
      const name = wireName(space, wire);
      return [name, { ...paramsOf(space), ...membersOf(name === '' ? undefined : memberOf(wire.asked.vectors, name)) }];
    }),
  );
}

function paramsOf({ dim, metric, element, model }: Space): Record<string, unknown> {
  return {
    size: dim,
    distance: distanceOf(metric),
    ...(DATATYPES[element] === undefined ? {} : { datatype: DATATYPES[element] }),
    ...(model === undefined ? {} : { model }),
  };
}

function membersOf(value: unknown): Record<string, unknown> {
  return isObject(value) ? Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null)) : {};
}

function memberOf(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}
