// The values of a field of text: the tokens of every string.
import { type ReadonlyRoaringBitmap32, RoaringBitmap32, unionOf } from '../bitmap.js';
import type { FieldCondition } from './field-condition.js';
import { TEXT_DEFAULTS, type TextOptions } from './field-schema.js';
import { describeTerms, TermIndex } from './term-index.js';
import { indexTokens, tokenize } from './tokenize.js';
import type { FieldAnswer, ValueIndex } from './value-index.js';

const NONE: ReadonlyRoaringBitmap32 = new RoaringBitmap32().freeze();

export class TextValues implements ValueIndex {
  private readonly index = new TermIndex<string>();
  /** Rows of several strings: of which of them a token is, is not known. */
  private readonly several = new RoaringBitmap32();
  readonly sets = { several: this.several };
  readonly stored = this.index;
  readonly numbers = null;

  constructor(private readonly options: TextOptions = TEXT_DEFAULTS) {}

  put(row: number, values: readonly unknown[]): void {
    let strings = 0;
    const tokens = new Set<string>();
    for (const value of values) {
      if (typeof value !== 'string') continue;
      strings += 1;
      for (const token of indexTokens(tokenize(value, this.options), this.options)) tokens.add(token);
    }
    this.index.put(row, tokens);
    if (strings > 1) this.several.add(row);
  }

  remove(row: number): void {
    this.index.remove(row);
    this.several.remove(row);
  }

  describe(row: number): string {
    return describeTerms(this.index.termsOf(row));
  }

  rowsOf(condition: FieldCondition): FieldAnswer | undefined {
    switch (condition.kind) {
      case 'textAny':
        return { rows: this.index.rowsOfAny(this.tokensOf(condition.text)), isExact: true };
      case 'text': {
        const tokens = this.tokensOf(condition.text);
        const rows = this.rowsOfAll(tokens);
        return { rows, isExact: tokens.length <= 1 || !rows.intersects(this.several) };
      }
      case 'phrase': {
        const tokens = this.tokensOf(condition.text);
        return { rows: this.rowsOfAll(tokens), isExact: tokens.length <= 1 };
      }
      case 'match':
        return this.rowsOfStrings(condition.values);
      default:
        return undefined;
    }
  }

  estimate(condition: FieldCondition): number | undefined {
    if (condition.kind !== 'text' && condition.kind !== 'textAny' && condition.kind !== 'phrase') return undefined;
    const counts = this.tokensOf(condition.text).map((token) => this.index.countOf(token));
    if (condition.kind === 'textAny') return counts.reduce((sum, count) => sum + count, 0);
    return counts.length === 0 ? 0 : Math.min(...counts);
  }

  counts(): null {
    return null;
  }

  get bytes(): number {
    return this.index.bytes;
  }

  // Strings that are equal have the same tokens, but not the other way round.
  private rowsOfStrings(values: readonly unknown[]): FieldAnswer | undefined {
    const parts: ReadonlyRoaringBitmap32[] = [];
    for (const value of values) {
      const tokens = typeof value === 'string' ? this.tokensOf(value) : [];
      if (tokens.length === 0) return undefined;
      parts.push(this.rowsOfAll(tokens));
    }
    return { rows: unionOf(parts), isExact: false };
  }

  private tokensOf(text: string): string[] {
    return [...new Set(tokenize(text, this.options))];
  }

  private rowsOfAll(tokens: readonly string[]): ReadonlyRoaringBitmap32 {
    const rarest = [...tokens].sort((a, b) => this.index.countOf(a) - this.index.countOf(b));
    let rows: ReadonlyRoaringBitmap32 | null = null;
    for (const token of rarest) {
      const having = this.index.rowsOfAny([token]);
      rows = rows === null ? having : RoaringBitmap32.and(rows, having);
      if (rows.isEmpty) return NONE;
    }
    return rows ?? NONE;
  }
}
