// Rows by number, for ranges and for order. Rows lie in buckets of some thousand, ascending and disjoint in value, and
// buckets in groups that have the union of their rows: a range is the union of a few groups and buckets, and of the two
// buckets at its ends those rows that the column says are within. A bucket of a single value grows without limit, for
// it never has to be looked into. A B-tree of depth two, with bitmaps.
//
// A row with several numbers is in the bucket of each; all its numbers come and go together.
import { RoaringBitmap32, type ReadonlyRoaringBitmap32 } from '../bitmap.js';
import type { Bounds } from './field-condition.js';
import { isWithin } from './match-condition.js';
import { NumberColumn, type Numeric } from './number-column.js';
import { pageOf } from './row-lists.js';
import type { StoredPages } from './stored-pages.js';

export interface NumberIndexLimits {
  /** Rows of a bucket, unless they all have one number. */
  bucketRows: number;
  /** Buckets of a group: so many that the groups of a million rows have bitmaps which are united word by word. */
  groupBuckets: number;
}

const LIMITS: NumberIndexLimits = { bucketRows: 4096, groupBuckets: 128 };
const SAMPLE = 65_536;

interface Bucket {
  /** Least number that belongs here; those of the next bucket begin at its own. */
  from: number;
  /** Of what was ever put here. */
  least: number;
  most: number;
  rows: RoaringBitmap32;
  /** Puts until its size is looked at again. */
  room: number;
}

interface Group {
  buckets: Bucket[];
  /** Of all its buckets. */
  rows: RoaringBitmap32;
}

export interface NumberedRow {
  row: number;
  value: number;
}

export type Direction = 'asc' | 'desc';

export class NumberIndex implements StoredPages {
  readonly column = new NumberColumn();
  private groups: Group[];
  private readonly dirty = new Set<number>();

  /** Other limits are for tests. */
  constructor(private readonly limits: NumberIndexLimits = LIMITS) {
    this.groups = [groupOfBuckets([this.emptyBucket(Number.NEGATIVE_INFINITY)])];
  }

  /** Of a row that has none. */
  put(row: number, values: readonly Numeric[]): void {
    if (values.length === 0) return;
    this.column.set(row, values);
    this.dirty.add(pageOf(row));
    for (const value of values) this.insert(row, Number(value));
  }

  remove(row: number): void {
    const values = this.column.valuesOf(row);
    if (values.length === 0) return;
    for (const value of values) {
      const group = this.groups[this.groupAt(Number(value))] as Group;
      group.rows.remove(row);
      (group.buckets[bucketAt(group, Number(value))] as Bucket).rows.remove(row);
    }
    this.column.set(row, []);
    this.dirty.add(pageOf(row));
  }

  /** Rows with a number within the bounds. */
  rowsWithin(bounds: Bounds): ReadonlyRoaringBitmap32 {
    const parts: ReadonlyRoaringBitmap32[] = [];
    const ends: number[] = [];
    for (const { bucket, group } of this.touched(bounds)) {
      if (bucket === undefined) parts.push(group.rows);
      else if (isInside(bucket, bounds)) parts.push(bucket.rows);
      else this.addMatching(bucket, bounds, ends);
    }
    if (ends.length > 0) parts.push(RoaringBitmap32.from(ends));
    const [first] = parts;
    return parts.length === 1 && first !== undefined ? first : RoaringBitmap32.orMany(parts);
  }

  /** About how many rows that are; at the ends as if numbers were spread evenly. */
  countWithin(bounds: Bounds): number {
    let count = 0;
    for (const { bucket, group } of this.touched(bounds)) {
      if (bucket === undefined) count += group.rows.size;
      else count += bucket.rows.size * shareOf(bucket, bounds);
    }
    return count;
  }

  /**
   * Rows of the set in the order of their numbers, from `startFrom` on; of several a row has, the first that comes.
   * Rows of the same number ascend.
   */
  *ordered(rows: ReadonlyRoaringBitmap32, direction: Direction, startFrom?: number): Generator<NumberedRow, void> {
    const bounds: Bounds = startFrom === undefined ? {} : direction === 'asc' ? { gte: startFrom } : { lte: startFrom };
    const sign = direction === 'asc' ? 1 : -1;
    const seen = new Set<number>();
    const groups = direction === 'asc' ? this.groups : [...this.groups].reverse();
    for (const { buckets } of groups) {
      for (const bucket of direction === 'asc' ? buckets : [...buckets].reverse()) {
        if (!overlaps(bucket, bounds)) continue;
        const found: NumberedRow[] = [];
        for (const row of RoaringBitmap32.and(bucket.rows, rows).toUint32Array()) {
          for (const value of this.numbersIn(bucket, row)) if (isWithin(value, bounds)) found.push({ row, value });
        }
        found.sort((a, b) => sign * (a.value - b.value) || a.row - b.row);
        for (const entry of found) {
          if (this.column.singleOf(entry.row) === null) {
            if (seen.has(entry.row)) continue;
            seen.add(entry.row);
          }
          yield entry;
        }
      }
    }
  }

  /** Numbers and in how many rows of the set each is, ascending; all rows where there is no set. */
  *counts(rows: ReadonlyRoaringBitmap32 | null): Generator<[value: number, count: number]> {
    for (const { buckets } of this.groups) {
      for (const bucket of buckets) {
        if (bucket.least === bucket.most) {
          const count = rows === null ? bucket.rows.size : bucket.rows.andCardinality(rows);
          if (count > 0) yield [bucket.least, count];
          continue;
        }
        const counts = new Map<number, number>();
        const within = rows === null ? bucket.rows : RoaringBitmap32.and(bucket.rows, rows);
        for (const row of within.toUint32Array()) {
          for (const value of new Set(this.numbersIn(bucket, row))) counts.set(value, (counts.get(value) ?? 0) + 1);
        }
        yield* [...counts].sort(([a], [b]) => a - b);
      }
    }
  }

  get bytes(): number {
    let bytes = this.column.bytes;
    for (const { buckets, rows } of this.groups) {
      bytes += rows.getSerializationSizeInBytes('portable');
      for (const bucket of buckets) bytes += BUCKET_BYTES + bucket.rows.getSerializationSizeInBytes('portable');
    }
    return bytes;
  }

  *changedPages(): Generator<[part: number, page: number]> {
    for (const page of this.dirty) yield [0, page];
  }

  markStored(): void {
    this.dirty.clear();
  }

  encodePage(_part: number, page: number): Uint8Array | undefined {
    return this.column.encode(page);
  }

  loadPages(pages: ReadonlyMap<number, ReadonlyMap<number, Uint8Array>>, isDead: (row: number) => boolean): boolean {
    for (const [page, bytes] of pages.get(0) ?? []) if (!this.column.load(page, bytes, isDead)) return false;
    this.makeBuckets();
    return true;
  }

  // Bounds from a sample, so that nothing has to be sorted but that; what turns out too large is split.
  private makeBuckets(): void {
    const numbers: number[] = [];
    const rows: number[] = [];
    for (const [row, values] of this.column.entries()) {
      for (const value of values) {
        rows.push(row);
        numbers.push(Number(value));
      }
    }
    const step = Math.max(1, Math.floor(numbers.length / SAMPLE));
    const sample = Float64Array.from(
      { length: Math.floor(numbers.length / step) },
      (_, at) => numbers[at * step] as number,
    );
    sample.sort();
    const buckets = Math.max(1, Math.ceil((2 * numbers.length) / this.limits.bucketRows));
    const bounds = new Set([Number.NEGATIVE_INFINITY]);
    for (let at = 1; at < buckets; at += 1) bounds.add(sample[Math.floor((at * sample.length) / buckets)] as number);
    const from = Float64Array.from(bounds).sort();
    const parts = Array.from(from, (start) => ({ bucket: this.emptyBucket(start), rows: [] as number[] }));
    for (let at = 0; at < numbers.length; at += 1) {
      const value = numbers[at] as number;
      const part = parts[lastAtMost(from.length, (slot) => from[slot] as number, value)] as (typeof parts)[number];
      part.rows.push(rows[at] as number);
      widen(part.bucket, value);
    }
    for (const part of parts) part.bucket.rows = RoaringBitmap32.from(part.rows);
    const made = parts.map(({ bucket }) => bucket);
    this.groups = [];
    for (let at = 0; at < made.length; at += this.limits.groupBuckets / 2) {
      this.groups.push(groupOfBuckets(made.slice(at, at + this.limits.groupBuckets / 2)));
    }
    for (const bucket of made) this.makeRoom(bucket);
  }

  /** Buckets that bounds touch; of a group that lies within them, the group. */
  private *touched(bounds: Bounds): Generator<{ group: Group; bucket?: Bucket }> {
    for (const group of this.groups) {
      if (group.buckets.every((bucket) => isInside(bucket, bounds))) yield { group };
      else for (const bucket of group.buckets) if (overlaps(bucket, bounds)) yield { group, bucket };
    }
  }

  private addMatching(bucket: Bucket, bounds: Bounds, found: number[]): void {
    for (const row of bucket.rows.toUint32Array()) {
      const single = this.column.singleOf(row);
      const matches =
        single === null ? this.column.valuesOf(row).some((value) => isWithin(value, bounds)) : isWithin(single, bounds);
      if (matches) found.push(row);
    }
  }

  private numbersIn({ least, most }: Bucket, row: number): number[] {
    const single = this.column.singleOf(row);
    if (single !== null) return [single];
    return this.column
      .valuesOf(row)
      .map(Number)
      .filter((value) => value >= least && value <= most);
  }

  private insert(row: number, value: number): void {
    const group = this.groups[this.groupAt(value)] as Group;
    const bucket = group.buckets[bucketAt(group, value)] as Bucket;
    group.rows.add(row);
    bucket.rows.add(row);
    widen(bucket, value);
    bucket.room -= 1;
    if (bucket.room <= 0) this.makeRoom(bucket);
  }

  // Splits what is too large, unless it is all one number.
  private makeRoom(bucket: Bucket): void {
    const { size } = bucket.rows;
    bucket.room = Math.max(this.limits.bucketRows - size, this.limits.bucketRows / 2);
    if (size <= this.limits.bucketRows || bucket.least === bucket.most) return;
    const halves = this.halvesOf(bucket);
    if (halves === undefined) return;
    const at = this.groupAt(bucket.from);
    const group = this.groups[at] as Group;
    group.buckets.splice(group.buckets.indexOf(bucket), 1, ...halves);
    if (group.buckets.length > this.limits.groupBuckets) {
      const middle = group.buckets.length >> 1;
      const low = groupOfBuckets(group.buckets.slice(0, middle));
      this.groups.splice(at, 1, low, groupOfBuckets(group.buckets.slice(middle)));
    }
    for (const half of halves) this.makeRoom(half);
  }

  private halvesOf(bucket: Bucket): [Bucket, Bucket] | undefined {
    const rows = bucket.rows.toUint32Array();
    const values = Array.from(rows, (row) => this.numbersIn(bucket, row));
    const sorted = Float64Array.from(values.flat()).sort();
    const least = sorted[0] as number;
    const median = sorted[sorted.length >> 1] as number;
    const middle = median > least ? median : sorted.find((value) => value > least);
    if (middle === undefined) {
      bucket.least = least;
      bucket.most = least;
      return undefined;
    }
    const halves: [Bucket, Bucket] = [this.emptyBucket(bucket.from), this.emptyBucket(middle)];
    const members: [number[], number[]] = [[], []];
    for (const [at, row] of rows.entries()) {
      for (const value of values[at] as number[]) {
        const half = value < middle ? 0 : 1;
        widen(halves[half], value);
        if (members[half].at(-1) !== row) members[half].push(row);
      }
    }
    for (const half of [0, 1] as const) halves[half].rows = RoaringBitmap32.from(members[half]);
    return halves;
  }

  private emptyBucket(from: number): Bucket {
    return {
      from,
      least: Number.POSITIVE_INFINITY,
      most: Number.NEGATIVE_INFINITY,
      rows: new RoaringBitmap32(),
      room: this.limits.bucketRows,
    };
  }

  private groupAt(value: number): number {
    return lastAtMost(this.groups.length, (at) => ((this.groups[at] as Group).buckets[0] as Bucket).from, value);
  }
}

function bucketAt({ buckets }: Group, value: number): number {
  return lastAtMost(buckets.length, (at) => (buckets[at] as Bucket).from, value);
}

/** The last slot whose bound is not above the value; the first bound is minus infinity. */
function lastAtMost(length: number, boundOf: (slot: number) => number, value: number): number {
  let [low, high] = [0, length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (boundOf(middle) <= value) low = middle;
    else high = middle;
  }
  return low;
}

function groupOfBuckets(buckets: Bucket[]): Group {
  return { buckets, rows: RoaringBitmap32.orMany(buckets.map(({ rows }) => rows)) };
}

function widen(bucket: Bucket, value: number): void {
  if (value < bucket.least) bucket.least = value;
  if (value > bucket.most) bucket.most = value;
}

// Of whole numbers past 2^53 a bucket knows the nearest doubles only, so bounds must lie that much farther out.
function lowest({ least }: Bucket): number {
  return Math.abs(least) > Number.MAX_SAFE_INTEGER ? least - Math.abs(least) * Number.EPSILON : least;
}

function highest({ most }: Bucket): number {
  return Math.abs(most) > Number.MAX_SAFE_INTEGER ? most + Math.abs(most) * Number.EPSILON : most;
}

function isInside(bucket: Bucket, bounds: Bounds): boolean {
  return isWithin(lowest(bucket), bounds) && isWithin(highest(bucket), bounds);
}

function overlaps(bucket: Bucket, { gt, gte, lt, lte }: Bounds): boolean {
  return isWithin(highest(bucket), only({ gt, gte })) && isWithin(lowest(bucket), only({ lt, lte }));
}

function only(bounds: { [name in keyof Bounds]: Bounds[name] | undefined }): Bounds {
  return bounds as Bounds;
}

/** Of the rows of a bucket, if its numbers were spread evenly. */
function shareOf(bucket: Bucket, bounds: Bounds): number {
  if (isInside(bucket, bounds)) return 1;
  const { gt, gte, lt, lte } = bounds;
  const low = Math.max(bucket.least, Number(gt ?? gte ?? bucket.least));
  const high = Math.min(bucket.most, Number(lt ?? lte ?? bucket.most));
  const width = bucket.most - bucket.least;
  return width > 0 ? Math.min(1, Math.max(high - low, width / LIMITS.bucketRows) / width) : 1;
}

/** Objects around the rows. */
const BUCKET_BYTES = 256;
