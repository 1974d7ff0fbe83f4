// The resolved effects that the WAL carries and recovery applies again: ids, rows, vectors and final payloads,
// never a condition or a filter. Applying an effect twice is harmless.
import type { PointId } from '../payload/point.js';

/** A vector, by the number of its space (config/spaces.ts): bytes of the space's element type. */
export interface SpaceVector {
  space: number;
  bytes: Uint8Array;
}

/** `payload` is what encodePayload (src/payload/payload-codec.ts) made: encoded once, the same bytes in the WAL and in LMDB. */
export type WalOp =
  | {
      kind: 'put';
      id: PointId;
      row: number;
      /** The row that this one replaces. */
      dead: number | null;
      /** Ascending by space; one of the first space in a collection without names. */
      vectors: readonly SpaceVector[];
      payload: Uint8Array | null;
    }
  | { kind: 'delete'; id: PointId; row: number }
  | {
      kind: 'payload';
      id: PointId;
      row: number;
      /** The final one. */
      payload: Uint8Array | null;
      /** Spaces in which the row has a vector, ascending; absent: in the first one only. */
      spaces?: readonly number[];
    };

/** One atomic batch. Sequence numbers count from 1 and only grow. */
export interface WalRecord {
  seq: number;
  ops: WalOp[];
}
