// The rows that hold a point, as a bitmap that follows the published records: what filters are evaluated over. Made
// when a collection is opened, from what the metadata counts where that is enough, else from its rows.
import { RoaringBitmap32, type ReadonlyRoaringBitmap32 } from '../bitmap.js';
import { CHUNK_ROWS } from '../meta/dead-rows.js';
import type { MetaSnapshot } from '../meta/meta-snapshot.js';

const PAGE_ROWS = 65_536;

export class LiveRows {
  private version = 0;

  private constructor(private readonly current: RoaringBitmap32) {}

  static of(meta: MetaSnapshot): LiveRows {
    const rows = RoaringBitmap32.fromRange(0, meta.nextRow);
    rows.removeMany(meta.deadRows());
    // Every row that was assigned lives or is dead, but for those of chunks that are forgotten (collection/forget-dead.ts)
    // and of records that a salvage could not read.
    if (rows.size !== meta.count) removeForgotten(meta, rows);
    return new LiveRows(rows.size === meta.count ? rows : scanRows(meta));
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

// In a chunk that is forgotten no row has a record, so that one look at each is enough.
function removeForgotten(meta: MetaSnapshot, rows: RoaringBitmap32): void {
  for (let first = 0; first + CHUNK_ROWS <= meta.nextRow; first += CHUNK_ROWS) {
    const end = first + CHUNK_ROWS;
    const [next = end] = meta.scanRowNumbers(first, 1);
    if (next >= end) rows.removeRange(first, end);
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
