// What an index of one field makes of the values that stand there: a ValueIndex for each type of field, chosen by
// createValueIndex. What holds for all types (values that are missing, null, counted) is field-index.ts.
import type { ReadonlyRoaringBitmap32, RoaringBitmap32 } from '../bitmap.js';
import type { FieldCondition } from './field-condition.js';
import type { FieldSchema } from './field-schema.js';
import { GeoValues } from './geo-values.js';
import type { NumberIndex } from './number-index.js';
import { DatetimeValues, NumberValues } from './number-values.js';
import type { StoredPages } from './stored-pages.js';
import { TermValues } from './term-values.js';
import { TextValues } from './text-values.js';

/** Rows that fulfil a condition; where that is not exact, the rows that may. Never to be changed. */
export interface FieldAnswer {
  readonly rows: ReadonlyRoaringBitmap32;
  readonly isExact: boolean;
}

/** A value of a field, and in how many rows it stands. */
export interface FacetHit {
  readonly value: string | number | bigint | boolean;
  readonly count: number;
}

export interface ValueIndex {
  /** All else that is stored. */
  readonly stored: StoredPages;
  /** Of a row that has none. */
  put(row: number, values: readonly unknown[]): void;
  remove(row: number): void;
  /** What it knows of a row, for checks: of equal values equal texts. */
  describe(row: number): string;
  /** Sets of rows that are stored beside the pages, whole. */
  readonly sets: Readonly<Record<string, RoaringBitmap32>>;
  /**
   * Undefined for a condition that it can say nothing of. With `among`, what the answer says of other rows has no
   * meaning: an index for which a few rows are cheaper looks at those.
   */
  rowsOf(condition: FieldCondition, among?: ReadonlyRoaringBitmap32): FieldAnswer | undefined;
  /** About how many. Undefined as above. */
  estimate(condition: FieldCondition): number | undefined;
  /**
   * Values and in how many rows of the set each stands, in no order; null where the type has none to count. Undefined
   * where the caller may let others have their turn.
   */
  counts(rows: ReadonlyRoaringBitmap32 | null): Iterable<FacetHit | undefined> | null;
  /** For the order of rows; null where the type has none. */
  readonly numbers: NumberIndex | null;
  /** About the memory it takes. */
  readonly bytes: number;
}

export function createValueIndex({ type, text }: FieldSchema): ValueIndex {
  switch (type) {
    case 'keyword':
    case 'bool':
    case 'uuid':
      return new TermValues();
    case 'integer':
    case 'float':
      return new NumberValues();
    case 'datetime':
      return new DatetimeValues();
    case 'text':
      return new TextValues(text);
    case 'geo':
      return new GeoValues();
  }
}
