// The vector spaces of an open collection, and the snapshots that are derived from them: of all spaces at once, so that
// what a batch wrote into several of them is seen together. Changed by the commit queue only.
import type { NativeDelta, NativeSnapshot } from '../binding.js';
import { VamanaError } from '../errors.js';
import type { MetaSnapshot } from '../meta/meta-snapshot.js';
import { CollectionSnapshot } from '../snapshot/collection-snapshot.js';
import type { VectorSpace } from './vector-space.js';

/** What was frozen at once, of the spaces that had fresh rows, if any: one flush. */
export interface FrozenRows {
  deltas: readonly { space: VectorSpace; delta: NativeDelta }[];
  /** The last record whose rows they hold: with them in segments, the log up to here may go. */
  seq: number;
}

export class Parts {
  frozen: readonly FrozenRows[] = [];

  /** The default space first. */
  constructor(public spaces: readonly VectorSpace[]) {}

  /** The space of that number. INTERNAL where there is none. */
  of(number: number): VectorSpace {
    const found = this.spaces.find((space) => space.number === number);
    if (found === undefined) throw new VamanaError('INTERNAL', `there is no vector space ${number}`);
    return found;
  }

  get deltas(): NativeDelta[] {
    return this.spaces.flatMap(({ deltas }) => deltas);
  }

  /** The snapshot after a group of records: what their rows replaced is dead in every space. */
  afterRecords(before: CollectionSnapshot, meta: MetaSnapshot, dead: Uint32Array): CollectionSnapshot {
    return this.derive(before, meta, (_space, native) => native.next({ dead }));
  }

  /** The snapshot after segments or deltas were exchanged; no row came or went. */
  afterExchange(before: CollectionSnapshot, meta: MetaSnapshot): CollectionSnapshot {
    return this.derive(before, meta, (space, native) => native.next(space.parts));
  }

  /** Freed once no snapshot has them. */
  close(): void {
    for (const space of this.spaces) space.closeParts();
  }

  private derive(
    before: CollectionSnapshot,
    meta: MetaSnapshot,
    next: (space: VectorSpace, native: NativeSnapshot) => NativeSnapshot,
  ): CollectionSnapshot {
    const natives = this.spaces.map((space) => [space.number, next(space, before.native(space.number))] as const);
    return new CollectionSnapshot(new Map(natives), meta);
  }
}
