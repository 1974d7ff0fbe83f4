// What is left of a damaged log, made into one that recovery can replay. Numbers keep their meaning, so a record that
// was lost is replaced by one without changes. A record that was applied to the metadata already stays as it is: only
// its vectors are needed. One that was not is rewritten to what is there now, since records that it builds on may be
// lost:
//
// - a put replaces the row that the point has, whichever that is, or none;
// - a deletion deletes that row; where the point is not there, nothing is left to do;
// - a payload is set only where the point still has the row that it was set on: otherwise it belongs to a vector that
//   was lost, and the point stays as it was before.
//
// In the end points that the metadata has and whose vectors were lost are deleted, by records of their own.
import type { MetaSnapshot } from '../meta/meta-snapshot.js';
import type { PointId } from '../payload/point.js';
import type { NewLog } from '../wal/copy-wal.js';
import type { WalOp, WalRecord } from '../wal/wal-op.js';

const DELETE_BATCH = 1000;

export class SalvagedLog {
  /** Changes that were left out, since what they change was lost. */
  dropped = 0;
  /** The rows of points as far as they differ from the metadata; null: deleted. */
  private readonly changed = new Map<PointId, number | null>();

  constructor(
    private readonly log: NewLog,
    private readonly meta: MetaSnapshot,
  ) {}

  /** Records that were read, in their order. */
  async add(record: WalRecord): Promise<void> {
    await this.fill(record.seq);
    await this.log.add(record.seq <= this.meta.seq ? record : this.rewrite(record));
  }

  /** `lost`: points of the metadata with a row that is nowhere. Returns those that were deleted for it. */
  async finish(lost: readonly { id: PointId; row: number }[]): Promise<PointId[]> {
    await this.fill(this.meta.seq + 1);
    const gone = lost.filter(({ id, row }) => this.rowOf(id) === row);
    for (let at = 0; at < gone.length; at += DELETE_BATCH) {
      const ops = gone.slice(at, at + DELETE_BATCH).map(({ id, row }): WalOp => ({ kind: 'delete', id, row }));
      await this.log.add({ seq: this.log.nextSeq, ops });
    }
    return gone.map(({ id }) => id);
  }

  private async fill(before: number): Promise<void> {
    while (this.log.nextSeq < before) await this.log.add({ seq: this.log.nextSeq, ops: [] });
  }

  private rewrite({ seq, ops }: WalRecord): WalRecord {
    const kept = ops.map((op) => this.rewriteOp(op)).filter((op) => op !== null);
    this.dropped += ops.length - kept.length;
    return { seq, ops: kept };
  }

  private rewriteOp(op: WalOp): WalOp | null {
    const row = this.rowOf(op.id);
    if (op.kind === 'put') {
      this.changed.set(op.id, op.row);
      return { ...op, dead: row };
    }
    if (row === null) return null;
    if (op.kind === 'payload') return op.row === row ? op : null;
    this.changed.set(op.id, null);
    return { ...op, row };
  }

  private rowOf(id: PointId): number | null {
    const changed = this.changed.get(id);
    return changed === undefined ? (this.meta.rowOf(id) ?? null) : changed;
  }
}
