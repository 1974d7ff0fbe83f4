// The parts of an open collection that its snapshots are made of: segments, deltas that are being written as
// segments (frozen), and the delta that takes what is written now (active). Changed by the commit queue only.
import type { NativeDelta, NativeSegment } from '../binding.js';

export interface FrozenDelta {
  delta: NativeDelta;
  /** The last record whose rows it holds: with it in a segment, the log up to here may go. */
  seq: number;
}

export class Parts {
  constructor(
    public segments: readonly NativeSegment[],
    public frozen: readonly FrozenDelta[],
    public active: NativeDelta,
  ) {}

  get deltas(): NativeDelta[] {
    return [...this.frozen.map(({ delta }) => delta), this.active];
  }

  /** Freed once no snapshot has them. */
  close(): void {
    for (const part of [...this.segments, ...this.deltas]) part.close();
  }
}
