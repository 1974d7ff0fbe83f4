// The rows that records put into one vector space, gathered into the two arrays that a delta takes: their numbers and
// their vectors, one behind the other. Vectors are copied, since those of a record that was read are views of larger
// buffers.
import type { NativeDelta } from '../binding.js';
import type { Space } from '../config/spaces.js';
import { elementBytes } from '../source/formats.js';
import type { WalRecord } from '../wal/wal-op.js';

export class RowGatherer {
  private readonly rows: number[] = [];
  private readonly vectors: Uint8Array[] = [];

  constructor(private readonly space: Pick<Space, 'dim' | 'element' | 'number'>) {}

  get rowBytes(): number {
    return this.space.dim * elementBytes(this.space.element);
  }

  add({ ops }: WalRecord): void {
    for (const op of ops) {
      if (op.kind !== 'put') continue;
      const own = op.vectors.find(({ space }) => space === this.space.number);
      if (own === undefined) continue;
      this.rows.push(op.row);
      this.vectors.push(own.bytes);
    }
  }

  /** Into the delta, all or nothing; empty afterwards. */
  moveTo(delta: NativeDelta): void {
    if (this.rows.length === 0) return;
    const bytes = this.rowBytes;
    const vectors = new Uint8Array(this.vectors.length * bytes);
    for (const [at, vector] of this.vectors.entries()) vectors.set(vector, at * bytes);
    delta.append(Uint32Array.from(this.rows), vectors);
    this.rows.length = 0;
    this.vectors.length = 0;
  }
}
