// What the log remembers: the resolved effects of one atomic batch. Rows are assigned and payloads final, so that
// replaying needs no condition and no earlier state; applying a record twice is harmless. How these become bytes
// is said in wal-format.ts.
import type { Payload, PointId } from '../meta/point.js';

export type WalOp =
  /** `dead`: the row replaced; `vector`: element bytes. */
  | { kind: 'put'; id: PointId; row: number; dead: number | null; vector: Uint8Array; payload: Payload | null }
  | { kind: 'delete'; id: PointId; row: number }
  /** `payload`: the final one. */
  | { kind: 'payload'; id: PointId; row: number; payload: Payload | null };

/** One batch. Sequence numbers count from 1, by one a record. */
export interface WalRecord {
  seq: number;
  ops: WalOp[];
}
