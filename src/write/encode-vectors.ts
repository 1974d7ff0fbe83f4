// The vectors of one point as it is given, made into those of the log: each encoded for its space (vector-input.ts). A
// point of a collection without names has one vector; elsewhere it names its vectors, and may have any of them or none.
// Called by resolve.ts and by what packs points on other threads.
import type { CollectionConfig } from '../config/collection-config.js';
import { baseOf, describeSpaces, hasNames, requireModel, type Space, spaceOf, spacesOf } from '../config/spaces.js';
import { VamanaError } from '../errors.js';
import type { PointId } from '../payload/point.js';
import { createVectorData, elementBytes } from '../source/formats.js';
import type { SpaceVector } from '../wal/wal-op.js';
import { type EncodedVector, encodeVector, type VectorInput, type VectorSpace } from './vector-input.js';

/** What vectors are encoded by. */
export type VectorConfig = VectorSpace & Pick<CollectionConfig, 'spaces'>;

export interface GivenVectors {
  /** The one without a name; where all have names that of the default space. */
  vector?: VectorInput | EncodedVector;
  /** By the names of their spaces. */
  vectors?: Readonly<Record<string, VectorInput | EncodedVector>>;
}

/** Name and version of what made vectors: of those of the default space, or by the names of their spaces. */
export type GivenModels = string | Readonly<Record<string, string>>;

/** Ascending by space. INVALID_ARGUMENT or NOT_FINITE, naming the point. */
export function encodeVectors({ vector, vectors }: GivenVectors, config: VectorConfig, id: PointId): SpaceVector[] {
  const whole = config as CollectionConfig;
  if (!hasNames(config)) {
    if (vectors !== undefined)
      throw invalid(id, `found vectors by name; ${describeSpaces(whole)}: give it as \`vector\``);
    // What is missing is told of as what is wrong with it.
    return [{ space: spacesOf(whole)[0].number, bytes: encodeVector(vector as VectorInput, config, id) }];
  }
  const encoded: SpaceVector[] = [];
  const add = (name: string | undefined, given: VectorInput | EncodedVector): void => {
    const space = name === undefined ? unnamedOf(whole) : spaceNamed(whole, name, id);
    if (encoded.some((other) => other.space === space.number)) throw invalid(id, `two vectors of ${space.name}`);
    encoded.push({ space: space.number, bytes: encodeVector(given, space, id) });
  };
  if (vector !== undefined) add(undefined, vector);
  for (const [name, given] of Object.entries(vectors ?? {})) add(name, given);
  addPrefixes(encoded, whole, id);
  return encoded.sort((a, b) => a.space - b.space);
}

/** Of spaces that are prefixes, unless they are given as well: normalised anew where the metric asks for that. */
function addPrefixes(encoded: SpaceVector[], config: CollectionConfig, id: PointId): void {
  for (const space of spacesOf(config)) {
    if (space.prefixOf === undefined || encoded.some((vector) => vector.space === space.number)) continue;
    const base = encoded.find((vector) => vector.space === baseOf(config, space).number);
    if (base === undefined) continue;
    const bytes = Uint8Array.from(base.bytes.subarray(0, space.dim * elementBytes(space.element)));
    const prefix = createVectorData(space.element, space.dim, bytes.buffer) as VectorInput;
    encoded.push({ space: space.number, bytes: encodeVector(prefix, space, id) });
  }
}

/** INVALID_ARGUMENT where vectors are said to be of another model than those of their space. */
export function requireModels(models: GivenModels | undefined, config: VectorConfig): void {
  if (models === undefined) return;
  const whole = config as CollectionConfig;
  const named = typeof models === 'string' ? { [spaceOf(whole).name]: models } : models;
  for (const [name, model] of Object.entries(named)) requireModel(spaceOf(whole, name), model);
}

function unnamedOf(config: CollectionConfig): Space {
  const spaces = spacesOf(config);
  return spaces.find(({ name }) => name === '') ?? spaces[0];
}

function spaceNamed(config: CollectionConfig, name: string, id: PointId): Space {
  try {
    return spaceOf(config, name);
  } catch (error) {
    throw error instanceof VamanaError ? invalid(id, error.message) : error;
  }
}

function invalid(id: PointId, problem: string): VamanaError {
  return new VamanaError('INVALID_ARGUMENT', `point ${id}: ${problem}`);
}
