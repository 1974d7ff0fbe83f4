// What users ask to be written: a batch is an ordered list of operations that happens as a whole or not at all.
// Types only; resolve.ts makes effects of it. Where two operations, or two entries of one, name the same point,
// the later one finds what the earlier one left.
import type { Payload, PointIdInput } from '../payload/point.js';
import type { EncodedPayload } from '../payload/payload-codec.js';
import type { GivenModels } from './encode-vectors.js';
import type { EncodedVector, VectorInput } from './vector-input.js';

export interface PointInput {
  id: PointIdInput;
  vector: VectorInput;
  /** An upsert replaces the whole point: without it the point has none afterwards. */
  payload?: Payload | null;
}

/** The same, encoded elsewhere for the space that it is written to: what is in it is not checked again. */
export interface EncodedPoint {
  id: PointIdInput;
  vector: EncodedVector;
  payload?: EncodedPayload | null;
}

/** Of a collection whose vectors have names: any of them, by name; a point may have none. */
export interface NamedPointInput {
  id: PointIdInput;
  /** The one without a name; where all have names that of the default space. */
  vector?: VectorInput | EncodedVector;
  vectors: Readonly<Record<string, VectorInput | EncodedVector>>;
  payload?: Payload | EncodedPayload | null;
}

export type AnyPoint = PointInput | EncodedPoint | NamedPointInput;

/** `insert_only` passes over points that exist, `update_only` over points that do not. */
export type UpdateMode = 'upsert' | 'insert_only' | 'update_only';

/**
 * The version that every point of the operation must have: the sequence number of its last change, 0 for a point
 * that must not exist. Otherwise the whole batch is refused with VERSION_CONFLICT.
 */
export interface Conditional {
  ifVersion?: number;
}

/** What made the vectors that are written: refused where vectors of a space are of another model. */
export interface Modelled {
  model?: GivenModels;
}

export interface Upsert extends Conditional, Modelled {
  upsert: readonly AnyPoint[];
  mode?: UpdateMode;
}

export interface Delete extends Conditional {
  delete: readonly PointIdInput[];
}

/** New vectors for points that keep their payloads, and their vectors of other names. */
export interface UpdateVectors extends Conditional, Modelled {
  /** Leave vectors as they are that points have already, and points that get none so. */
  onlyMissing?: boolean;
  updateVectors: readonly (
    | { id: PointIdInput; vector: VectorInput | EncodedVector }
    | Pick<NamedPointInput, 'id' | 'vectors'>
  )[];
}

/** Of points, the vectors of these names; only where vectors have names. */
export interface DeleteVectors extends Conditional {
  deleteVectors: readonly string[];
  ids: readonly PointIdInput[];
}

/** Merges into the payload, or into the object at the path `key`; members that are null are removed. */
export interface SetPayload extends Conditional {
  setPayload: Payload;
  ids: readonly PointIdInput[];
  key?: string;
}

export interface OverwritePayload extends Conditional {
  overwritePayload: Payload;
  ids: readonly PointIdInput[];
}

/** Removes what stands at the paths. */
export interface DeletePayload extends Conditional {
  deletePayload: readonly string[];
  ids: readonly PointIdInput[];
}

export interface ClearPayload extends Conditional {
  clearPayload: readonly PointIdInput[];
}

export type WriteOperation =
  | Upsert
  | Delete
  | UpdateVectors
  | DeleteVectors
  | SetPayload
  | OverwritePayload
  | DeletePayload
  | ClearPayload;

export type WriteBatch = readonly WriteOperation[];

/** Of one operation: entries that changed something, and entries passed over (missing points, or by `mode`). */
export interface OperationResult {
  applied: number;
  ignored: number;
}
