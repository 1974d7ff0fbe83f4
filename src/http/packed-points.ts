// Points that are ready to be written, packed so that they go from one thread to another without being copied: ids,
// vectors and payloads as the log and the metadata will hold them, each in one array. Made on a thread of bulk-pool.ts,
// unpacked on the event loop, where an entry costs no more than its objects.
import { EncodedPayload, encodePayload } from '../payload/payload-codec.js';
import type { Payload, PointId } from '../payload/point.js';
import { findNotFinite } from '../source/finite.js';
import { elementBytes } from '../source/formats.js';
import { EncodedVector, encodeVector, normalise, type VectorSpace } from '../write/vector-input.js';
import type { EncodedPoint, PointInput, UpdateMode, WriteOperation } from '../write/write-batch.js';
import { badRequest } from './wire-error.js';

export interface PackedPoints {
  /** 'vectors' leaves payloads alone. */
  kind: 'upsert' | 'vectors';
  mode: UpdateMode | undefined;
  /** Numbers in one array where all are. */
  ids: BigUint64Array | readonly PointId[];
  vectors: Uint8Array;
  dim: number;
  payloads: Uint8Array;
  /** Where each payload ends; one that ends where it begins is none. */
  ends: Uint32Array;
}

type WithVectors = Extract<WriteOperation, { upsert: unknown } | { updateVectors: unknown }>;

export function hasVectors(operation: WriteOperation): operation is WithVectors {
  return 'upsert' in operation || 'updateVectors' in operation;
}

/** INVALID_ARGUMENT, NOT_FINITE, naming the point. */
export function packPoints(operation: WithVectors, space: VectorSpace): PackedPoints {
  // As they were read: what is encoded is encoded here.
  const points = ('upsert' in operation ? operation.upsert : operation.updateVectors) as readonly PointInput[];
  const ids = points.map(({ id }) => id as PointId);
  const rowBytes = space.dim * elementBytes(space.element);
  const vectors = new Uint8Array(points.length * rowBytes);
  const encoded: Uint8Array[] = [];
  const ends = new Uint32Array(points.length);
  let end = 0;
  for (const [at, { vector, payload }] of points.entries()) {
    const id = ids[at] as PointId;
    vectors.set(encodeVector(vector, space, id), at * rowBytes);
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
    vectors,
    dim: space.dim,
    payloads,
    ends,
  };
}

/**
 * Rows of floats that are bytes already: as they are, or for cosine normalised where they lie. Undefined for what has to
 * be looked at row by row: another element, and numbers that are not finite, which shall be named.
 */
export function packFloatColumns(
  { ids, vectors, mode }: { ids: BigUint64Array; vectors: Float32Array; mode: UpdateMode },
  { dim, element, metric }: VectorSpace,
): PackedPoints | undefined {
  if (element !== 'f32' || findNotFinite(vectors, 'f32') !== -1) return undefined;
  if (metric === 'cosine') {
    for (let at = 0; at < vectors.length; at += dim) normalise(vectors.subarray(at, at + dim));
  }
  const bytes = new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength);
  return { kind: 'upsert', mode, ids, vectors: bytes, dim, payloads: NONE, ends: new Uint32Array(ids.length) };
}

/** What may be given away instead of being copied. */
export function buffersOf({ ids, vectors, payloads, ends }: PackedPoints): ArrayBuffer[] {
  const arrays = ids instanceof BigUint64Array ? [ids, vectors, payloads, ends] : [vectors, payloads, ends];
  return arrays.map(({ buffer }) => buffer as ArrayBuffer);
}

/** The points from one on, up to another. */
export function unpackPoints(packed: PackedPoints, from: number, to: number): EncodedPoint[] {
  const { ids, vectors, dim, payloads, ends } = packed;
  const rowBytes = vectors.length / Math.max(1, ids.length);
  const points: EncodedPoint[] = [];
  for (let at = from; at < Math.min(to, ids.length); at += 1) {
    const begin = at === 0 ? 0 : (ends[at - 1] as number);
    const end = ends[at] as number;
    points.push({
      id: ids[at] as PointId,
      vector: new EncodedVector(vectors.subarray(at * rowBytes, (at + 1) * rowBytes), dim),
      ...(end === begin ? {} : { payload: new EncodedPayload(payloads.subarray(begin, end)) }),
    });
  }
  return points;
}

const NONE = new Uint8Array();

function payloadOf(payload: Payload, id: PointId): Uint8Array {
  try {
    return encodePayload(payload);
  } catch (error) {
    throw badRequest(`point ${id}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
