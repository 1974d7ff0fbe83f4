// The rows that hold a point, as a bitmap that follows the published records: what filters are evaluated over. Made
// when a collection is opened, from what the metadata counts where that is enough, else from its rows.
import { RoaringBitmap32, type ReadonlyRoaringBitmap32 } from '../bitmap.js';
import type { MetaSnapshot } from '../meta/meta-snapshot.js';

const PAGE_ROWS = 65_536;

export class LiveRows {
  private version = 0;

  private constructor(private readonly current: RoaringBitmap32) {}

  static of(meta: MetaSnapshot): LiveRows {
    const dead = meta.deadRows();
    // Every row that was assigned lives or is dead, but for those of records that a salvage could not read.
    if (meta.nextRow - dead.length !== meta.count) return new LiveRows(scanRows(meta));
    const rows = RoaringBitmap32.fromRange(0, meta.nextRow);
    rows.removeMany(dead);
    return new LiveRows(rows);
  }

  get rows(): ReadonlyRoaringBitmap32 {
    return this.current;
  }

  /** Another one after every change. */
  get stamp(): string {
    return `rows ${this.version}`;
  }

  /** Those that a record puts may die in the same group. */
  publish(put: readonly number[], dead: Uint32Array): void {
    if (put.length === 0 && dead.length === 0) return;
    this.version += 1;
    this.current.addMany(put);
    this.current.removeMany(dead);
  }
}

function scanRows(meta: MetaSnapshot): RoaringBitmap32 {
  const rows = new RoaringBitmap32();
  for (let first = 0; ; ) {
    const page = meta.scanRowNumbers(first, PAGE_ROWS);
    rows.addMany(page);
    const last = page.at(-1);
    if (page.length < PAGE_ROWS || last === undefined) return rows;
    first = last + 1;
  }
}
