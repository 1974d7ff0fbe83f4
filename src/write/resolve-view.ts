// The points as a batch finds them: what is stored, overlaid by what the batches before it in the same group came
// to. One view a group, used by the writer only; `source` is of the last commit before the group.
import type { PointId } from '../payload/point.js';
import type { SpaceVector } from '../wal/wal-op.js';

/** Reads of the stored state; a MetaSnapshot is one. */
export interface PointSource {
  rowOf(id: PointId): number | undefined;
  recordOf(row: number): { seq: number; payload: Uint8Array | null; spaces?: readonly number[] } | undefined;
}

export interface CurrentPoint {
  row: number;
  /** The sequence number of the last change. */
  seq: number;
  /** As encodePayload made it. */
  payload: Uint8Array | null;
  /** Spaces in which it has a vector; absent: in the first one only. */
  spaces?: readonly number[];
  /** Of a point that was written by the same group, where vectors have names. */
  vectors?: readonly SpaceVector[];
}

export class ResolveView {
  /** Null: deleted. */
  private readonly overlay = new Map<PointId, CurrentPoint | null>();
  /** What the batch in hand replaced in the overlay, in order. */
  private journal: { id: PointId; before: CurrentPoint | null | undefined }[] = [];

  constructor(private readonly source: PointSource) {}

  /** Less work than `get` where the rest is not needed. */
  rowOf(id: PointId): number | undefined {
    const known = this.overlay.get(id);
    return known === undefined ? this.source.rowOf(id) : known?.row;
  }

  get(id: PointId): CurrentPoint | undefined {
    const known = this.overlay.get(id);
    if (known !== undefined) return known ?? undefined;
    const row = this.source.rowOf(id);
    const record = row === undefined ? undefined : this.source.recordOf(row);
    if (row === undefined || record === undefined) return undefined;
    const { seq, payload, spaces } = record;
    return { row, seq, payload, ...(spaces === undefined ? {} : { spaces }) };
  }

  /** Null deletes. */
  set(id: PointId, point: CurrentPoint | null): void {
    this.journal.push({ id, before: this.overlay.get(id) });
    this.overlay.set(id, point);
  }

  /** What was set since the last call stays, whatever later batches do. */
  keep(): void {
    this.journal = [];
  }

  /** Forgets what was set since the last call of keep. */
  revert(): void {
    for (const { id, before } of this.journal.reverse()) {
      if (before === undefined) this.overlay.delete(id);
      else this.overlay.set(id, before);
    }
    this.journal = [];
  }
}
