// The values of a field of names (keyword, bool, uuid): every string, number and boolean, each one a term.
import type { ReadonlyRoaringBitmap32 } from '../bitmap.js';
import { RoaringBitmap32 } from '../bitmap.js';
import type { FieldCondition, MatchValue } from './field-condition.js';
import { matchValueOf } from './field-values.js';
import { compileCondition } from './match-condition.js';
import { describeTerms, TermIndex } from './term-index.js';
import type { FacetHit, FieldAnswer, ValueIndex } from './value-index.js';

export class TermValues implements ValueIndex {
  private readonly index = new TermIndex<MatchValue>();
  /** Rows that have a term. */
  private readonly known = new RoaringBitmap32();
  readonly sets = { known: this.known };
  readonly stored = this.index;
  readonly numbers = null;

  // Objects and lists are no terms, and no condition that is answered here sees them.
  put(row: number, values: readonly unknown[]): void {
    const [only] = values;
    const terms = values.length === 1 ? [matchValueOf(only)] : [...new Set(values.map(matchValueOf))];
    const known = terms.filter((term) => term !== undefined);
    this.index.put(row, known);
    if (known.length > 0) this.known.add(row);
  }

  remove(row: number): void {
    this.index.remove(row);
    this.known.remove(row);
  }

  describe(row: number): string {
    return describeTerms(this.index.termsOf(row));
  }

  rowsOf(condition: FieldCondition): FieldAnswer | undefined {
    switch (condition.kind) {
      case 'match':
        return { rows: this.index.rowsOfAny(condition.values), isExact: true };
      case 'except':
        return { rows: this.rowsExcept(condition.values), isExact: true };
      case 'geoRadius':
      case 'geoBox':
      case 'geoPolygon':
        return undefined;
      default: {
        // Each term by itself, as if it were the only value; every other kind of condition holds for any one value.
        const matches = compileCondition(condition);
        return { rows: this.index.rowsWhere((term) => matches({ values: [term], isEmpty: false })), isExact: true };
      }
    }
  }

  estimate(condition: FieldCondition): number | undefined {
    if (condition.kind === 'match') return this.countOf(condition.values);
    if (condition.kind === 'except') return Math.max(0, this.known.size - this.countOf(condition.values));
    return this.known.size;
  }

  *counts(rows: ReadonlyRoaringBitmap32 | null): Generator<FacetHit | undefined> {
    for (const entry of this.index.counts(rows)) yield entry && { value: entry[0], count: entry[1] };
  }

  get bytes(): number {
    return this.index.bytes;
  }

  private countOf(terms: readonly MatchValue[]): number {
    let count = 0;
    for (const term of terms) count += this.index.countOf(term);
    return count;
  }

  // A row with several terms fits by any other one.
  private rowsExcept(values: readonly MatchValue[]): ReadonlyRoaringBitmap32 {
    const unwanted = new Set(values);
    const having = this.index.rowsOfAny(unwanted);
    const rows = RoaringBitmap32.andNot(this.known, having);
    for (const row of RoaringBitmap32.and(having, this.index.multiple).toUint32Array()) {
      if (this.index.termsOf(row).some((term) => !unwanted.has(term))) rows.add(row);
    }
    return rows;
  }
}
