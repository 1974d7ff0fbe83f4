// The rows of one term. Half of all terms of a text, and nearly all of a field of names, have one row: that is kept as a
// number, since a bitmap takes some 200 bytes.
import { RoaringBitmap32, type ReadonlyRoaringBitmap32, unionOf } from '../bitmap.js';

export type Posting = number | RoaringBitmap32;

export function addTo(posting: Posting | undefined, row: number): Posting {
  if (posting === undefined || posting === row) return row;
  if (typeof posting === 'number') return RoaringBitmap32.of(posting, row);
  posting.add(row);
  return posting;
}

/** Undefined once no row is left. */
export function removeFrom(posting: Posting, row: number): Posting | undefined {
  if (typeof posting === 'number') return posting === row ? undefined : posting;
  posting.remove(row);
  return posting.isEmpty ? undefined : posting;
}

export function sizeOf(posting: Posting | undefined): number {
  if (posting === undefined) return 0;
  return typeof posting === 'number' ? 1 : posting.size;
}

/** How many of the rows are in the set. */
export function countIn(posting: Posting, rows: ReadonlyRoaringBitmap32): number {
  if (typeof posting === 'number') return rows.has(posting) ? 1 : 0;
  return posting.andCardinality(rows);
}

/** A set of its own where there is more than one posting; never to be changed. */
export function union(postings: readonly Posting[]): ReadonlyRoaringBitmap32 {
  const bitmaps: RoaringBitmap32[] = [];
  const single: number[] = [];
  for (const posting of postings) {
    if (typeof posting === 'number') single.push(posting);
    else bitmaps.push(posting);
  }
  if (single.length > 0) bitmaps.push(RoaringBitmap32.from(single));
  return unionOf(bitmaps);
}
