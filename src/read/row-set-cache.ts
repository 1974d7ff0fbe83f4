// Sets of matching rows that were worked out once, by filter and by the state of what the filter looks at, with the
// handle under which the addon has each. Bounded in bytes; the longest unused goes first. A set in use stays valid
// when it leaves: the addon's searches hold what they need.
import type { RoaringBitmap32 } from '../bitmap.js';
import type { NativeRowFilter, NativeStore } from '../binding.js';

export type FilterMaker = Pick<NativeStore, 'createRowFilter'>;

/** Rows that match a filter in one state of the collection. */
export class RowSet {
  private readonly handles = new Map<FilterMaker, NativeRowFilter>();

  constructor(
    /** Never changed. */
    readonly rows: RoaringBitmap32,
    /** How many rows there were thought to be. */
    readonly estimate: number,
  ) {}

  get count(): number {
    return this.rows.size;
  }

  get bytes(): number {
    return SET_BYTES + 2 * this.rows.getSerializationSizeInBytes('portable');
  }

  /** The set as the store of one vector space has it; made at the first call. */
  native(store: FilterMaker): NativeRowFilter {
    let handle = this.handles.get(store);
    if (handle === undefined) {
      handle = store.createRowFilter(this.rows.serialize('portable'));
      this.handles.set(store, handle);
    }
    return handle;
  }

  close(): void {
    for (const handle of this.handles.values()) handle.close();
    this.handles.clear();
  }
}

/** Objects around the rows. */
const SET_BYTES = 1024;
const CACHE_BYTES_DEFAULT = 64 * 1024 * 1024;

export class RowSetCache {
  /** By filter; the order is that of use. */
  private readonly sets = new Map<string, { stamp: string; set: RowSet }>();
  private bytes = 0;

  constructor(private readonly maxBytes = CACHE_BYTES_DEFAULT) {}

  /** The set of a filter as of one of these states; what is kept of an earlier state goes. */
  get(filter: string, stamps: readonly string[]): RowSet | undefined {
    const entry = this.sets.get(filter);
    if (entry === undefined) return undefined;
    if (!stamps.includes(entry.stamp)) {
      this.remove(filter);
      return undefined;
    }
    this.sets.delete(filter);
    this.sets.set(filter, entry);
    return entry.set;
  }

  put(filter: string, stamp: string, set: RowSet): RowSet {
    this.remove(filter);
    this.sets.set(filter, { stamp, set });
    this.bytes += set.bytes;
    for (const [oldest] of this.sets) {
      if (this.bytes <= this.maxBytes || this.sets.size === 1) break;
      this.remove(oldest);
    }
    return set;
  }

  clear(): void {
    for (const filter of [...this.sets.keys()]) this.remove(filter);
  }

  private remove(filter: string): void {
    const entry = this.sets.get(filter);
    if (entry === undefined) return;
    this.sets.delete(filter);
    this.bytes -= entry.set.bytes;
    entry.set.close();
  }
}
