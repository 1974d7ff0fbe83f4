// Rows by number, for ranges and for order: a tree of sets (number-tree.ts), and the column of the numbers of each row,
// which decides about the rows at the ends of a range and is what is stored.
//
// A row with several numbers is in the leaf of each; all its numbers come and go together.
import { copyOfUnion, RoaringBitmap32, type ReadonlyRoaringBitmap32, unionOf } from '../bitmap.js';
import type { Bounds } from './field-condition.js';
import { isWithin } from './match-condition.js';
import { NumberColumn, type Numeric } from './number-column.js';
import { type Direction, NumberTree, overlaps, type TreeLimits, type TreeNode } from './number-tree.js';
import { pageOf } from './row-lists.js';
import type { StoredPages } from './stored-pages.js';

const LIMITS: TreeLimits = { leafRows: 2048, children: 5 };
/** To look a row's number up takes so many times as long as to unite a row of a set with others. */
const LOOKUP_COST = 8;

export interface NumberedRow {
  row: number;
  value: number;
}

export class NumberIndex implements StoredPages {
  readonly column = new NumberColumn();
  private readonly tree: NumberTree;
  private readonly dirty = new Set<number>();

  /** Other limits are for tests. */
  constructor(limits: TreeLimits = LIMITS) {
    this.tree = new NumberTree(limits, (row, least, most) => this.numbersOf(row, least, most));
  }

  /** Of a row that has none. */
  put(row: number, values: readonly Numeric[]): void {
    if (values.length === 0) return;
    this.column.set(row, values);
    this.dirty.add(pageOf(row));
    for (const value of values) this.tree.insert(row, Number(value));
  }

  remove(row: number): void {
    const values = this.column.valuesOf(row);
    if (values.length === 0) return;
    for (const value of values) this.tree.remove(row, Number(value));
    this.column.set(row, []);
    this.dirty.add(pageOf(row));
  }

  /**
   * Rows with a number within the bounds. With `among`, what is said of other rows has no meaning: a few rows are looked
   * up in the column, which is faster than to unite many.
   */
  rowsWithin(bounds: Bounds, among?: ReadonlyRoaringBitmap32): ReadonlyRoaringBitmap32 {
    if (among !== undefined && among.size * LOOKUP_COST < this.countWithin(bounds)) {
      return new RoaringBitmap32(this.column.within(among.toUint32Array(), bounds));
    }
    const { inside, ends } = this.tree.range(bounds);
    const parts = inside.map(({ rows }) => rows);
    if (ends.length === 0) return unionOf(parts);
    const found = copyOfUnion(parts);
    for (const { rows } of ends) {
      const asked = among === undefined ? rows : RoaringBitmap32.and(rows, among);
      found.addMany(this.column.within(asked.toUint32Array(), bounds));
    }
    return found;
  }

  /** About how many rows that are; at the ends as if numbers were spread evenly. */
  countWithin(bounds: Bounds): number {
    const { inside, ends } = this.tree.range(bounds);
    const whole = inside.reduce((sum, { rows }) => sum + rows.size, 0);
    return ends.reduce((sum, leaf) => sum + leaf.rows.size * shareOf(leaf, bounds), whole);
  }

  /**
   * Rows of the set in the order of their numbers, from `startFrom` on; of several a row has, the first that comes.
   * Rows of the same number ascend. Undefined after each leaf, where the caller may let others have their turn; the
   * index may change there, and what comes is as it is then.
   */
  *ordered(
    rows: ReadonlyRoaringBitmap32,
    direction: Direction,
    startFrom?: number,
  ): Generator<NumberedRow | undefined, void> {
    const bounds: Bounds = startFrom === undefined ? {} : direction === 'asc' ? { gte: startFrom } : { lte: startFrom };
    const seen = new Set<number>();
    for (const leaf of this.tree.leavesFrom(direction, startFrom)) {
      if (!overlaps(leaf, bounds)) continue;
      for (const entry of this.orderedIn(leaf, rows, direction, bounds)) {
        if (this.column.singleOf(entry.row) === null) {
          if (seen.has(entry.row)) continue;
          seen.add(entry.row);
        }
        yield entry;
      }
      yield undefined;
    }
  }

  /** Numbers and in how many rows of the set each is, ascending; all rows where there is no set. Undefined as above. */
  *counts(rows: ReadonlyRoaringBitmap32 | null): Generator<[value: number, count: number] | undefined> {
    for (const leaf of this.tree.leavesFrom('asc')) {
      if (leaf.least === leaf.most) {
        const count = rows === null ? leaf.rows.size : leaf.rows.andCardinality(rows);
        if (count > 0) yield [leaf.least, count];
      } else {
        const counts = new Map<number, number>();
        const within = rows === null ? leaf.rows : RoaringBitmap32.and(leaf.rows, rows);
        for (const row of within.toUint32Array()) {
          for (const value of new Set(this.numbersIn(leaf, row))) counts.set(value, (counts.get(value) ?? 0) + 1);
        }
        yield* [...counts].sort(([a], [b]) => a - b);
      }
      yield undefined;
    }
  }

  // A leaf of one number has no bound in size, and its rows are in order as they are.
  private *orderedIn(
    leaf: TreeNode,
    rows: ReadonlyRoaringBitmap32,
    direction: Direction,
    bounds: Bounds,
  ): Generator<NumberedRow> {
    const within = RoaringBitmap32.and(leaf.rows, rows).toUint32Array();
    if (leaf.least === leaf.most) {
      const value = leaf.least;
      if (isWithin(value, bounds)) for (const row of within) yield { row, value };
      return;
    }
    const sign = direction === 'asc' ? 1 : -1;
    const found: NumberedRow[] = [];
    for (const row of within) {
      for (const value of this.numbersIn(leaf, row)) if (isWithin(value, bounds)) found.push({ row, value });
    }
    yield* found.sort((a, b) => sign * (a.value - b.value) || a.row - b.row);
  }

  get bytes(): number {
    return this.column.bytes + this.tree.bytes;
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
    this.loadTree();
    return true;
  }

  private loadTree(): void {
    const rows: number[] = [];
    const numbers: number[] = [];
    for (const [row, values] of this.column.entries()) {
      for (const value of values) {
        rows.push(row);
        numbers.push(Number(value));
      }
    }
    this.tree.load(rows, numbers);
  }

  private numbersIn({ least, most }: TreeNode, row: number): readonly number[] {
    return this.numbersOf(row, least, most);
  }

  private numbersOf(row: number, least: number, most: number): readonly number[] {
    const single = this.column.singleOf(row);
    if (single !== null) return [single];
    const numbers = this.column.valuesOf(row).map(Number);
    return numbers.filter((value) => value >= least && value <= most);
  }
}

/** Of the rows of a leaf, if its numbers were spread evenly. */
function shareOf({ least, most }: TreeNode, { gt, gte, lt, lte }: Bounds): number {
  const low = Math.max(least, Number(gt ?? gte ?? least));
  const high = Math.min(most, Number(lt ?? lte ?? most));
  const width = most - least;
  return width > 0 ? Math.min(1, Math.max(high - low, width / LIMITS.leafRows) / width) : 1;
}
