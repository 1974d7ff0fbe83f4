// One vector space of an open collection: the engine's store, and the parts in which its rows are: segments, deltas that
// are being written as segments (frozen), and the delta that takes what is written now (active). A row of the collection
// that has no vector here is simply in none of them. Ids, payloads, dead rows and the log are the collection's, one for
// all spaces. Changed by the commit queue only.
import type { NativeDelta, NativeParts, NativeSegment, NativeStore } from '../binding.js';
import type { Space } from '../config/spaces.js';
import { RowGatherer } from '../write/row-gatherer.js';

export class VectorSpace {
  frozen: readonly NativeDelta[] = [];
  /** Takes the rows of records, and hands them to the active delta. */
  readonly gatherer: RowGatherer;

  constructor(
    /** What stays as it is: name, number, dimension, element and metric; how graphs are built is the manifest's to say. */
    readonly shape: Pick<Space, 'name' | 'number' | 'dim' | 'element' | 'metric'>,
    readonly store: NativeStore,
    public segments: readonly NativeSegment[],
    public active: NativeDelta,
  ) {
    this.gatherer = new RowGatherer(shape);
  }

  get number(): number {
    return this.shape.number;
  }

  get deltas(): NativeDelta[] {
    return [...this.frozen, this.active];
  }

  get parts(): NativeParts {
    return { segments: [...this.segments], deltas: this.deltas };
  }

  /** Freed once no snapshot has them. */
  closeParts(): void {
    for (const part of [...this.segments, ...this.deltas]) part.close();
  }
}
