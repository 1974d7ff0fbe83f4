// The rows that a log puts and no segment has yet, as a part that holds rows: those of the records above flushedSeq, as
// far as the metadata has applied them. As many as come between two flushes, so a set of them is bounded.
import type { RowPart } from '../segment/row-probe.js';
import type { WalRecord } from '../wal/wal-op.js';

export class LogRows implements RowPart {
  readonly name = 'the log';
  private readonly rows = new Set<number>();

  constructor(
    /** Records above this one, and up to the other. */
    private readonly above: number,
    readonly through: number,
    /** The vector space that the rows are of. */
    readonly space: number,
  ) {}

  add({ seq, ops }: WalRecord): void {
    if (seq <= this.above || seq > this.through) return;
    for (const op of ops) {
      if (op.kind === 'put' && op.vectors.some(({ space }) => space === this.space)) this.rows.add(op.row);
    }
  }

  has(rows: Uint32Array): Uint8Array {
    return Uint8Array.from(rows, (row) => (this.rows.has(row) ? 1 : 0));
  }

  close(): void {
    this.rows.clear();
  }
}
