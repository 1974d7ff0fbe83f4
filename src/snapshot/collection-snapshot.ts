// What one request sees: of every vector space the native snapshot (segments, deltas, dead rows), and the metadata, all
// after the same record. Counted: whoever acquires one releases it, and the last to do so frees both. Held briefly,
// because the metadata's part keeps LMDB from using freed pages again.
import type { NativeSnapshot } from '../binding.js';
import { VamanaError } from '../errors.js';
import type { MetaSnapshot } from '../meta/meta-snapshot.js';

export class CollectionSnapshot {
  private holders = 1;

  constructor(
    /** By the numbers of the spaces. */
    private readonly natives: ReadonlyMap<number, NativeSnapshot>,
    readonly meta: MetaSnapshot,
  ) {}

  /** Of the space of that number; NOT_FOUND when it was dropped. */
  native(space: number): NativeSnapshot {
    const native = this.natives.get(space);
    if (native === undefined) throw new VamanaError('NOT_FOUND', 'the vector space was dropped');
    return native;
  }

  /** The record after which the collection was so. */
  get seq(): number {
    return this.meta.seq;
  }

  hold(): this {
    if (this.holders === 0) throw new VamanaError('INTERNAL', 'a snapshot that was freed is held again');
    this.holders += 1;
    return this;
  }

  release(): void {
    this.holders -= 1;
    if (this.holders > 0) return;
    for (const native of this.natives.values()) native.close();
    this.meta.release();
  }
}

/** The snapshot that new requests get. One writer publishes; reading it never waits. */
export class SnapshotCell {
  private current: CollectionSnapshot | null;

  constructor(first: CollectionSnapshot) {
    this.current = first;
  }

  /** CLOSED after close(). */
  acquire(): CollectionSnapshot {
    return this.peek().hold();
  }

  /** For the writer: what it derives the next one from. */
  peek(): CollectionSnapshot {
    if (this.current === null) throw new VamanaError('CLOSED', 'the collection was closed');
    return this.current;
  }

  publish(next: CollectionSnapshot): void {
    const before = this.peek();
    this.current = next;
    before.release();
  }

  /** Requests in flight keep what they hold. */
  close(): void {
    this.current?.release();
    this.current = null;
  }
}
