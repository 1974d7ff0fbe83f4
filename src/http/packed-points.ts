// Points that are ready to be written, packed so that they go from one thread to another without being copied: ids,
// vectors and payloads as the log and the metadata will hold them, each in one array. Made on a thread of bulk-pool.ts,
// unpacked on the event loop, where an entry costs no more than its objects.
import { EncodedPayload, encodePayload } from '../payload/payload-codec.js';
import type { Payload, PointId } from '../payload/point.js';
import type { CollectionConfig } from '../config/collection-config.js';
import { hasNames, type Space, spacesOf } from '../config/spaces.js';
import { findNotFinite } from '../source/finite.js';
import { encodeVectors, type GivenVectors } from '../write/encode-vectors.js';
import { EncodedVector, normalise } from '../write/vector-input.js';
import type { EncodedPoint, NamedPointInput, UpdateMode, WriteOperation } from '../write/write-batch.js';
import { badRequest } from './wire-error.js';

export interface PackedPoints {
  /** 'vectors' leaves payloads alone. */
  kind: 'upsert' | 'vectors';
  mode: UpdateMode | undefined;
  /** Numbers in one array where all are. */
  ids: BigUint64Array | readonly PointId[];
  columns: readonly PackedColumn[];
  /** Whether points name their vectors. */
  named: boolean;
  payloads: Uint8Array;
  /** Where each payload ends; one that ends where it begins is none. */
  ends: Uint32Array;
}

/** The vectors of one space, one behind the other. */
export interface PackedColumn {
  /** The library's. */
  name: string;
  dim: number;
  /** Of one vector. */
  bytes: number;
  vectors: Uint8Array;
  /** Of each point the place of its vector, NONE_THERE without one; null where each has one, in order. */
  places: Uint32Array | null;
}

const NONE_THERE = 0xffff_ffff;

type WithVectors = Extract<WriteOperation, { upsert: unknown } | { updateVectors: unknown }>;

export function hasVectors(operation: WriteOperation): operation is WithVectors {
  return 'upsert' in operation || 'updateVectors' in operation;
}

/** INVALID_ARGUMENT, NOT_FINITE, naming the point. */
export function packPoints(operation: WithVectors, config: CollectionConfig): PackedPoints {
  // As they were read: what is encoded is encoded here.
  const points = ('upsert' in operation ? operation.upsert : operation.updateVectors) as readonly ReadPoint[];
  const ids = points.map(({ id }) => id as PointId);
  const columns = spacesOf(config).map((space) => new ColumnWriter(space, points.length));
  const encoded: Uint8Array[] = [];
  const ends = new Uint32Array(points.length);
  let end = 0;
  for (const [at, point] of points.entries()) {
    const id = ids[at] as PointId;
    for (const { space, bytes } of encodeVectors(point, config, id)) {
      columns.find(({ number }) => number === space)?.put(at, bytes);
    }
    const { payload } = point;
    const bytes = payload === undefined || payload === null ? NONE : payloadOf(payload, id);
    encoded.push(bytes);
    end += bytes.length;
    ends[at] = end;
  }
  const payloads = new Uint8Array(end);
  for (const [at, bytes] of encoded.entries()) payloads.set(bytes, at === 0 ? 0 : ends[at - 1]);
  return {
    kind: 'upsert' in operation ? 'upsert' : 'vectors',
    mode: 'upsert' in operation ? operation.mode : undefined,
    ids: ids.every((id) => typeof id === 'bigint') ? BigUint64Array.from(ids as bigint[]) : ids,
    columns: columns.flatMap((column) => column.finish()),
    named: hasNames(config),
    payloads,
    ends,
  };
}

class ColumnWriter {
  readonly number: number;
  private readonly places: Uint32Array;
  private vectors: Uint8Array;
  private count = 0;

  constructor(
    private readonly space: Space,
    private readonly points: number,
  ) {
    this.number = space.number;
    this.places = new Uint32Array(points).fill(NONE_THERE);
    this.vectors = new Uint8Array(0);
  }

  put(point: number, bytes: Uint8Array): void {
    // All or none of the points have a vector here, mostly.
    if (this.count === 0) this.vectors = new Uint8Array(this.points * bytes.length);
    this.vectors.set(bytes, this.count * bytes.length);
    this.places[point] = this.count;
    this.count += 1;
  }

  /** None where no point has a vector here. */
  finish(): PackedColumn[] {
    const { count, points, space } = this;
    if (count === 0) return [];
    const { name, dim } = space;
    const bytes = this.vectors.length / points;
    if (count === points) return [{ name, dim, bytes, vectors: this.vectors, places: null }];
    return [{ name, dim, bytes, vectors: this.vectors.slice(0, count * bytes), places: this.places }];
  }
}

/**
 * Rows of floats that are bytes already: as they are, or for cosine normalised where they lie. Undefined for what has to
 * be looked at row by row: another element, and numbers that are not finite, which shall be named.
 */
export function packFloatColumns(
  { ids, vectors, mode }: { ids: BigUint64Array; vectors: Float32Array; mode: UpdateMode },
  { name, dim, element, metric }: Space,
  named: boolean,
): PackedPoints | undefined {
  if (element !== 'f32' || findNotFinite(vectors, 'f32') !== -1) return undefined;
  if (metric === 'cosine') {
    for (let at = 0; at < vectors.length; at += dim) normalise(vectors.subarray(at, at + dim));
  }
  const bytes = new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength);
  const columns = [{ name, dim, bytes: 4 * dim, vectors: bytes, places: null }];
  return { kind: 'upsert', mode, ids, columns, named, payloads: NONE, ends: new Uint32Array(ids.length) };
}

/** What may be given away instead of being copied. */
export function buffersOf({ ids, columns, payloads, ends }: PackedPoints): ArrayBuffer[] {
  const arrays: ArrayBufferView[] = [payloads, ends];
  for (const { vectors, places } of columns) arrays.push(vectors, ...(places === null ? [] : [places]));
  if (ids instanceof BigUint64Array) arrays.push(ids);
  return arrays.map(({ buffer }) => buffer as ArrayBuffer);
}

/** Of vectors and payloads. */
export function packedBytes({ columns, payloads }: PackedPoints): number {
  return columns.reduce((sum, { vectors }) => sum + vectors.length, payloads.length);
}

/** The points from one on, up to another. */
export function unpackPoints(packed: PackedPoints, from: number, to: number): (EncodedPoint | NamedPointInput)[] {
  const { ids, columns, named, payloads, ends } = packed;
  const points: (EncodedPoint | NamedPointInput)[] = [];
  for (let at = from; at < Math.min(to, ids.length); at += 1) {
    const begin = at === 0 ? 0 : (ends[at - 1] as number);
    const end = ends[at] as number;
    const point = {
      id: ids[at] as PointId,
      ...(end === begin ? {} : { payload: new EncodedPayload(payloads.subarray(begin, end)) }),
    };
    if (!named) points.push({ ...point, vector: vectorAt(columns[0] as PackedColumn, at) as EncodedVector });
    else points.push({ ...point, vectors: vectorsAt(columns, at) });
  }
  return points;
}

function vectorsAt(columns: readonly PackedColumn[], at: number): Record<string, EncodedVector> {
  const found = columns.map((column) => [column.name, vectorAt(column, at)] as const);
  return Object.fromEntries(found.filter((entry): entry is [string, EncodedVector] => entry[1] !== undefined));
}

function vectorAt({ dim, bytes, vectors, places }: PackedColumn, at: number): EncodedVector | undefined {
  const place = places === null ? at : (places[at] as number);
  if (place === NONE_THERE) return undefined;
  return new EncodedVector(vectors.subarray(place * bytes, (place + 1) * bytes), dim);
}

interface ReadPoint extends GivenVectors {
  id: unknown;
  payload?: Payload | null;
}

const NONE = new Uint8Array();

function payloadOf(payload: Payload, id: PointId): Uint8Array {
  try {
    return encodePayload(payload);
  } catch (error) {
    throw badRequest(`point ${id}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
