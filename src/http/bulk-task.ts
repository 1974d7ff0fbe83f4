// What a thread is asked to make of a large body, and the making: pure, so that the event loop does the same with small
// ones. Called by bulk-worker.ts and write-routes.ts.
import type { CollectionConfig } from '../config/collection-config.js';
import { spacesOf } from '../config/spaces.js';
import { readBinaryPoints } from './binary-points.js';
import { buffersOf, hasVectors, type PackedPoints, packPoints } from './packed-points.js';
import { type Change, type ChangeKind, readChanges } from './read-changes.js';
import { parseVectorJson } from './vector-json.js';
import { bytesText, parseJson } from './wire-json.js';
import type { WireCollection } from './wire-registry.js';
import { mayLackVectors, spaceNamed } from './wire-spaces.js';

export interface BulkTask {
  kind: ChangeKind | 'binary';
  /** Of the body; given away. */
  bytes: Uint8Array;
  config: CollectionConfig;
  wire: WireCollection;
  /** Points, or ids, of one request. */
  most: number;
  /** The name of the vector that typed rows are of; the unnamed one by default. */
  using?: string;
}

export type BulkChange = Change | { packed: PackedPoints };

/** 400 and its like, before anything is written. */
export function readBulk({ kind, bytes, config, wire, most, using }: BulkTask): BulkChange[] {
  const changes =
    kind === 'binary'
      ? readBinary(bytes, { config, wire, most, using })
      : readJson(kind, bytes, { config, wire, most });
  return changes.map((change) =>
    'operation' in change && hasVectors(change.operation) ? { packed: packPoints(change.operation, config) } : change,
  );
}

export function transferable(changes: readonly BulkChange[]): ArrayBuffer[] {
  return changes.flatMap((change) => ('packed' in change ? buffersOf(change.packed) : []));
}

function readBinary(
  bytes: Uint8Array,
  { config, wire, most, using }: Pick<BulkTask, 'config' | 'wire' | 'most'> & { using: string | undefined },
): Change[] {
  const shape = { collection: { config }, wire };
  const space = spaceNamed(using, shape, 'using');
  const { points, mode } = readBinaryPoints(bytes, { points: most, dim: space.dim });
  if (!mayLackVectors(shape)) return [{ operation: { upsert: points, mode } }];
  const named = points.map(({ vector, ...point }) => ({ ...point, vectors: { [space.name]: vector } }));
  return [{ operation: { upsert: named, mode } }];
}

function readJson(
  kind: ChangeKind,
  bytes: Uint8Array,
  { config, wire, most }: Pick<BulkTask, 'config' | 'wire' | 'most'>,
): Change[] {
  // Other elements than floats of 32 bits are checked, and rounded, from doubles.
  const isFloats = spacesOf(config).every(({ element }) => element === 'f32');
  const value = isFloats ? parseVectorJson(bytes).value : parseJson(bytesText(bytes));
  return readChanges(kind, value, { collection: { config }, wire, most });
}
