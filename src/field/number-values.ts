// The values of a field of numbers (integer, float: all numbers), and of one of dates, as microseconds since 1970.
import { type ReadonlyRoaringBitmap32, RoaringBitmap32, unionOf } from '../bitmap.js';
import { parseDatetime } from './datetime.js';
import type { Bounds, FieldCondition, MatchValue } from './field-condition.js';
import { matchValueOf } from './field-values.js';
import { describeNumber, type Numeric } from './number-column.js';
import { NumberIndex } from './number-index.js';
import type { FacetHit, FieldAnswer, ValueIndex } from './value-index.js';

/** More values than these are looked for one by one only where that is exact enough to be worth it. */
const VALUES_MAX = 1024;
const ANY_NUMBER: Bounds = { gte: Number.NEGATIVE_INFINITY };
const NONE: ReadonlyRoaringBitmap32 = new RoaringBitmap32().freeze();

abstract class OrderedValues {
  protected readonly index = new NumberIndex();
  /** Rows with a string, number or boolean that the index does not know. */
  protected readonly others = new RoaringBitmap32();
  readonly sets = { others: this.others };
  readonly stored = this.index;

  put(row: number, values: readonly unknown[]): void {
    const numbers: Numeric[] = [];
    for (const value of values) {
      const number = this.numberOf(value);
      if (number !== undefined) numbers.push(number);
      else if (matchValueOf(value) !== undefined) this.others.add(row);
    }
    this.index.put(row, numbers);
  }

  remove(row: number): void {
    this.index.remove(row);
    this.others.remove(row);
  }

  describe(row: number): string {
    return this.index.column.valuesOf(row).map(describeNumber).sort().join('\n');
  }

  get numbers(): NumberIndex {
    return this.index;
  }

  get bytes(): number {
    return this.index.bytes;
  }

  protected abstract numberOf(value: unknown): Numeric | undefined;

  /** What the index knows, and rows that may fit by what it does not know. */
  protected withOthers(rows: ReadonlyRoaringBitmap32, isExact: boolean): FieldAnswer {
    if (this.others.isEmpty) return { rows, isExact };
    return { rows: RoaringBitmap32.or(rows, this.others), isExact: false };
  }

  protected rowsOfAny(numbers: readonly Numeric[]): ReadonlyRoaringBitmap32 {
    return unionOf(numbers.map((value) => this.index.rowsWithin({ gte: value, lte: value })));
  }
}

export class NumberValues extends OrderedValues implements ValueIndex {
  rowsOf(condition: FieldCondition, among?: ReadonlyRoaringBitmap32): FieldAnswer | undefined {
    switch (condition.kind) {
      case 'range':
        return { rows: this.index.rowsWithin(condition.bounds, among), isExact: true };
      case 'match': {
        const numbers = condition.values.filter(isNumeric);
        if (numbers.length > VALUES_MAX) return undefined;
        const rows = this.rowsOfAny(numbers);
        return numbers.length === condition.values.length ? { rows, isExact: true } : this.withOthers(rows, true);
      }
      case 'except':
        return condition.values.length > VALUES_MAX ? undefined : this.rowsExcept(condition.values);
      case 'geoRadius':
      case 'geoBox':
      case 'geoPolygon':
        return undefined;
      default:
        // Of strings.
        return this.withOthers(NONE, true);
    }
  }

  estimate(condition: FieldCondition): number | undefined {
    if (condition.kind === 'range') return this.index.countWithin(condition.bounds);
    if (condition.kind === 'except') return this.index.countWithin(ANY_NUMBER) + this.others.size;
    if (condition.kind !== 'match') return undefined;
    const numbers = condition.values.filter(isNumeric).slice(0, VALUES_MAX);
    return numbers.reduce((sum: number, value) => sum + this.index.countWithin({ gte: value, lte: value }), 0);
  }

  *counts(rows: ReadonlyRoaringBitmap32 | null): Generator<FacetHit | undefined> {
    for (const entry of this.index.counts(rows)) yield entry && { value: entry[0], count: entry[1] };
  }

  protected numberOf(value: unknown): Numeric | undefined {
    return isNumeric(value) ? value : undefined;
  }

  // A row with several numbers fits by any other one, and every other value fits where only numbers are unwanted.
  private rowsExcept(values: readonly MatchValue[]): FieldAnswer {
    const unwanted = new Set(values);
    const { column } = this.index;
    const having = this.rowsOfAny(values.filter(isNumeric));
    const rows = RoaringBitmap32.andNot(this.index.rowsWithin(ANY_NUMBER), having);
    for (const row of having.toUint32Array()) {
      if (column.singleOf(row) !== null) continue;
      if (column.valuesOf(row).some((value) => !unwanted.has(matchValueOf(value) as MatchValue))) rows.add(row);
    }
    if (!values.every(isNumeric)) return this.withOthers(rows, true);
    rows.orInPlace(this.others);
    return { rows, isExact: true };
  }
}

export class DatetimeValues extends OrderedValues implements ValueIndex {
  rowsOf(condition: FieldCondition, among?: ReadonlyRoaringBitmap32): FieldAnswer | undefined {
    switch (condition.kind) {
      case 'datetimeRange':
        return { rows: this.index.rowsWithin(condition.bounds, among), isExact: true };
      case 'range':
        // Of numbers.
        return this.withOthers(NONE, true);
      case 'match': {
        if (condition.values.length > VALUES_MAX) return undefined;
        // Texts that are equal are the same time, but not the other way round.
        const times = condition.values.map(microsOf).filter((micros) => micros !== undefined);
        return this.withOthers(this.rowsOfAny(times), false);
      }
      default:
        return undefined;
    }
  }

  estimate(condition: FieldCondition): number | undefined {
    return condition.kind === 'datetimeRange' ? this.index.countWithin(condition.bounds) : undefined;
  }

  counts(): null {
    return null;
  }

  protected numberOf(value: unknown): Numeric | undefined {
    return microsOf(value);
  }
}

function isNumeric(value: unknown): value is Numeric {
  return typeof value === 'number' || typeof value === 'bigint';
}

function microsOf(value: unknown): number | undefined {
  return typeof value === 'string' ? parseDatetime(value) : undefined;
}
