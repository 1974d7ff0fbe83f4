// The resolved effects that the WAL carries and recovery applies again: ids, rows, vectors and final payloads,
// never a condition or a filter. Applying an effect twice is harmless.
import type { PointId } from '../payload/point.js';

/** `payload` is what encodePayload (src/payload/payload-codec.ts) made: encoded once, the same bytes in the WAL and in LMDB. */
export type WalOp =
  | {
      kind: 'put';
      id: PointId;
      row: number;
      /** The row that this one replaces. */
      dead: number | null;
      /** Bytes of the collection's element type. */
      vector: Uint8Array;
      payload: Uint8Array | null;
    }
  | { kind: 'delete'; id: PointId; row: number }
  | { kind: 'payload'; id: PointId; row: number /** The final one. */; payload: Uint8Array | null };

/** One atomic batch. Sequence numbers count from 1 and only grow. */
export interface WalRecord {
  seq: number;
  ops: WalOp[];
}
