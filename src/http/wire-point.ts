// Points between the wire and the library: ids, vectors in their named and unnamed forms, payloads, and what of them an
// answer shows.
import type { Collection } from '../collection/collection.js';
import { parsePointId } from '../meta/point-id.js';
import type { WithPayload } from '../payload/payload-selection.js';
import type { Payload, PointId } from '../payload/point.js';
import type { Point, PointVector } from '../read/assemble.js';
import type { NamedPointInput, PointInput } from '../write/write-batch.js';
import type { SearchCosts } from './metrics.js';
import { describe, Fields, isList, isObject } from './fields.js';
import { badRequest, notSupported } from './wire-error.js';
import { shortFloat } from './wire-json.js';
import type { WireCollection } from './wire-registry.js';
import { mayLackVectors, spaceNamed } from './wire-spaces.js';

/** What it takes to read points that are to be written: plain values, which can be sent to a thread. */
export interface WriteShape {
  collection: Pick<Collection, 'config'>;
  wire: WireCollection;
}

/** What reading and writing vectors of one collection needs. */
export interface PointShape extends WriteShape {
  collection: Collection;
  /** Hears what each query of the engine cost. */
  onCosts?: (costs: SearchCosts) => void;
  /** Hears how long the filter of a search took. */
  onFiltered?: (ms: number) => void;
  /** The collection that a name stands for. */
  resolve?: (name: string) => string;
  /** Another collection, as the one who asks may read it. */
  lookUp?: <T>(name: string, work: (other: PointShape) => Promise<T>) => Promise<T>;
}

export function readId(value: unknown, { collection }: Pick<WriteShape, 'collection'>): PointId {
  return parsePointId(value, { strings: collection.config.stringIds });
}

export function readIds(body: Fields, name: string, shape: WriteShape, most: number): PointId[] | undefined {
  const list = body.list(name);
  if (list === undefined) return undefined;
  requireFew(body.path(name), list.length, most);
  return list.map((id) => readId(id, shape));
}

export function requireFew(place: string, found: number, most: number): void {
  if (found > most) throw badRequest(`${place}: found ${found}, at most ${most} in one request; split it`);
}

/** A number where that is exact; else a bigint, which writeJson writes in full. */
export function wireId(id: PointId): number | bigint | string {
  return typeof id === 'bigint' && id <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(id) : id;
}

/** The vectors of a point, however they are spelt. */
export function readVectors(value: unknown, shape: WriteShape, place: string): GivenPointVectors {
  if (!isObject(value)) {
    const space = spaceNamed(undefined, shape, place);
    return vectorsOf([[space.name, readNumbers(value, place)]], shape, place);
  }
  // A vector may be named "text": only what is no list there is a document to embed.
  if (['text', 'image', 'object'].some((name) => Object.hasOwn(value, name) && !isList(value[name]))) {
    throw notSupported(`inference (${place})`, 'send the vector itself');
  }
  const given = Object.entries(value).map(([name, numbers]) => {
    const space = spaceNamed(name, shape, place);
    return [space.name, readNumbers(numbers, place)] as const;
  });
  return vectorsOf(given, shape, place);
}

/** As the library takes them: the only one, or those that there are by name. */
export type GivenPointVectors = { vector: Numbers } | { vectors: Record<string, Numbers> };

type Numbers = ReturnType<typeof readNumbers>;

function vectorsOf(
  given: readonly (readonly [name: string, numbers: Numbers])[],
  shape: WriteShape,
  place: string,
): GivenPointVectors {
  if (mayLackVectors(shape)) return { vectors: Object.fromEntries(given) };
  const [only] = given;
  if (only === undefined) throw badRequest(`${place}: found no vector, expected the one that each point must have`);
  return { vector: only[1] };
}

/** As JSON has them, which is not checked; or a vector as vector-json.ts makes one. */
export function readNumbers(value: unknown, place: string): number[] | Float32Array {
  if (value instanceof Float32Array) return value;
  if (!Array.isArray(value)) {
    if (isObject(value) && 'indices' in value) throw notSupported(`a sparse vector (${place})`, 'send a dense one');
    throw badRequest(`${place}: found ${describe(value)}, expected a list of numbers`);
  }
  if (Array.isArray(value[0])) throw notSupported(`a multivector (${place})`, 'send one vector a point');
  return value;
}

export function readPayload(value: unknown, place: string): Payload {
  if (isObject(value)) return value;
  throw badRequest(`${place}: found ${describe(value)}, expected an object`);
}

export function readPoint(value: unknown, shape: WriteShape, place: string): PointInput | NamedPointInput {
  const point = Fields.of(value, place);
  const id = readId(point.required('id'), shape);
  const vectors = readVectors(point.required('vector'), shape, `point ${id}: vector`);
  return {
    id,
    ...vectors,
    ...(point.has('payload') ? { payload: readPayload(point.raw('payload'), point.path('payload')) } : {}),
  };
}

export interface Shown {
  withPayload: WithPayload;
  /** Names are those of the library. */
  withVector: boolean | string[];
}

/** What an answer shows of points. */
export function readShown(body: Fields, shape: PointShape, payloadByDefault: boolean): Shown {
  const vector = body.has('with_vector') ? 'with_vector' : 'with_vectors';
  const vectors = body.raw(vector);
  const withVector = Array.isArray(vectors)
    ? vectors.map((name) => spaceNamed(String(name), shape, body.path(vector)).name)
    : (body.boolean(vector) ?? false);
  return { withPayload: (body.raw('with_payload') as WithPayload | undefined) ?? payloadByDefault, withVector };
}

/** A point as answers have it; a search's has its version and score. */
export function wirePoint(point: Point, { wire }: PointShape, score?: number): Record<string, unknown> {
  const { id, version, payload, vector, vectors } = point;
  // Member by member: this is made for every hit of every query.
  const wired: Record<string, unknown> = { id: wireId(id) };
  if (score !== undefined) {
    wired.version = version;
    wired.score = shortFloat(score);
  }
  if (payload !== undefined) wired.payload = payload ?? {};
  if (vector !== undefined || vectors !== undefined) wired.vector = wireVectors(point, wire);
  return wired;
}

// The unnamed one alone is a list, all else by name.
function wireVectors({ vector, vectors = {} }: Point, { vectorName }: WireCollection): unknown {
  const named = Object.entries(vectors).map(([name, values]) => [name, wireNumbers(values)] as const);
  if (vector === undefined) return Object.fromEntries(named);
  const numbers = wireNumbers(vector);
  if (vectorName === '' && named.length === 0) return numbers;
  return Object.fromEntries([[vectorName, numbers], ...named]);
}

function wireNumbers(vector: PointVector): number[] {
  return Array.from(vector, vector instanceof Float32Array ? shortFloat : (value: number) => value);
}
