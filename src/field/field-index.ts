// The index of one field over all rows: which rows have values there, how many, which are null, and what the values are
// (value-index.ts, by the type of the field). Conditions get the same answers as from payloads (match-condition.ts).
// In memory; src/collection/field-indexes.ts keeps it at the last published record and stores it.
import { pack, unpack } from 'msgpackr';
import { RoaringBitmap32, type ReadonlyRoaringBitmap32, unionOf } from '../bitmap.js';
import { parsePath, type PayloadPath } from '../payload/payload-path.js';
import type { Payload } from '../payload/point.js';
import { EstimateFeedback } from './estimate-feedback.js';
import type { Bounds, FieldCondition } from './field-condition.js';
import type { FieldSchema } from './field-schema.js';
import { fieldValues } from './field-values.js';
import { isWithin } from './match-condition.js';
import type { NumberIndex } from './number-index.js';
import { createValueIndex, type FacetHit, type FieldAnswer, type ValueIndex } from './value-index.js';

/** What is stored of an index: sets of rows, and pages by part and number. */
export interface StoredIndex {
  sets: Uint8Array;
  pages: ReadonlyMap<number, ReadonlyMap<number, Uint8Array>>;
}

export class FieldIndex {
  private readonly path: PayloadPath;
  private readonly values: ValueIndex;
  private readonly feedback = new EstimateFeedback();
  /** Rows with a value, be it null. */
  private readonly valued = new RoaringBitmap32();
  /** Of these, rows that are empty all the same. */
  private readonly hollow = new RoaringBitmap32();
  private readonly nulls = new RoaringBitmap32();
  /** Rows with two values or more, by how many. */
  private readonly counts = new Map<number, RoaringBitmap32>();

  constructor(
    readonly key: string,
    readonly schema: FieldSchema,
  ) {
    this.path = parsePath(key);
    this.values = createValueIndex(schema);
  }

  /** Of a row that is not there yet. */
  put(row: number, payload: Payload | null): void {
    const { values, isEmpty } = fieldValues(payload, this.path);
    const count = values.length;
    if (count === 0) return;
    this.valued.add(row);
    if (isEmpty) this.hollow.add(row);
    if (count > 1) this.ofCount(count).add(row);
    if (values.includes(null)) this.nulls.add(row);
    this.values.put(row, values);
  }

  /** Of a row that may be there. */
  remove(row: number): void {
    if (!this.valued.delete(row)) return;
    this.hollow.remove(row);
    this.nulls.remove(row);
    for (const [count, rows] of this.counts) if (rows.delete(row) && rows.isEmpty) this.counts.delete(count);
    this.values.remove(row);
  }

  /** What it knows of a row, for checks: of equal payloads equal texts. */
  describe(row: number): string {
    const sets = { valued: this.valued, hollow: this.hollow, nulls: this.nulls, ...this.values.sets };
    const having = Object.entries(sets).flatMap(([name, rows]) => (rows.has(row) ? [name] : []));
    const counted = [...this.counts].flatMap(([count, rows]) => (rows.has(row) ? [`${count} values`] : []));
    return [...having, ...counted, this.values.describe(row)].join('\n');
  }

  /**
   * The rows of `live` that fulfil the condition, and maybe others that do not live; with `among`, maybe others that are
   * not in that.
   */
  rowsOf(condition: FieldCondition, live: ReadonlyRoaringBitmap32, among?: ReadonlyRoaringBitmap32): FieldAnswer {
    const answer = this.answer(condition, live, among);
    if (answer.isExact && among === undefined)
      this.feedback.learn(condition.kind, this.rawEstimate(condition, live), answer.rows.size);
    return answer;
  }

  /** About how many rows that are, with what earlier estimates got wrong taken into account. */
  estimate(condition: FieldCondition, live: ReadonlyRoaringBitmap32): number {
    return Math.min(live.size, this.feedback.correct(condition.kind, this.rawEstimate(condition, live)));
  }

  private answer(
    condition: FieldCondition,
    live: ReadonlyRoaringBitmap32,
    among?: ReadonlyRoaringBitmap32,
  ): FieldAnswer {
    switch (condition.kind) {
      case 'isEmpty': {
        const rows = RoaringBitmap32.andNot(live, this.valued);
        return { rows: rows.orInPlace(this.hollow), isExact: true };
      }
      case 'isNull':
        return { rows: this.nulls, isExact: true };
      case 'valuesCount':
        return { rows: this.rowsOfCount(condition.bounds, live), isExact: true };
      default:
        return this.values.rowsOf(condition, among) ?? { rows: this.valued, isExact: false };
    }
  }

  private rawEstimate(condition: FieldCondition, live: ReadonlyRoaringBitmap32): number {
    switch (condition.kind) {
      case 'isEmpty':
        return live.size - this.valued.size + this.hollow.size;
      case 'isNull':
        return this.nulls.size;
      case 'valuesCount':
        return isWithin(0, condition.bounds) ? live.size : this.valued.size;
      default:
        return this.values.estimate(condition) ?? this.valued.size;
    }
  }

  /** Values and in how many rows of the set each stands; see ValueIndex. */
  facets(rows: ReadonlyRoaringBitmap32 | null): Iterable<FacetHit | undefined> | null {
    return this.values.counts(rows);
  }

  /** Rows by number; null where the type has no order. */
  get numbers(): NumberIndex | null {
    return this.values.numbers;
  }

  /** Rows that have a value. */
  get points(): number {
    return this.valued.size - this.hollow.size;
  }

  get bytes(): number {
    return this.values.bytes + this.valued.getSerializationSizeInBytes('portable');
  }

  changedPages(): (readonly [part: number, page: number])[] {
    return [...this.values.stored.changedPages()];
  }

  encodePage(part: number, page: number): Uint8Array | undefined {
    return this.values.stored.encodePage(part, page);
  }

  markStored(): void {
    this.values.stored.markStored();
  }

  encodeSets(): Uint8Array {
    const { valued, hollow, nulls } = this;
    const named = Object.entries({ valued, hollow, nulls, ...this.values.sets });
    const counted = [...this.counts].map(([count, rows]): [string, RoaringBitmap32] => [`${COUNT}${count}`, rows]);
    return pack([...named, ...counted].map(([name, rows]) => [name, rows.serialize('portable')]));
  }

  /** Into an index that is empty, without rows that are dead by now. False for what is not sound. */
  load({ sets, pages }: StoredIndex, live: ReadonlyRoaringBitmap32, isDead: (row: number) => boolean): boolean {
    const { valued, hollow, nulls } = this;
    const known: Record<string, RoaringBitmap32> = { valued, hollow, nulls, ...this.values.sets };
    const stored: unknown = unpack(sets);
    if (!Array.isArray(stored)) return false;
    for (const [name, bytes] of stored as [string, Uint8Array][]) {
      const target = name.startsWith(COUNT) ? this.ofCount(Number(name.slice(COUNT.length))) : known[name];
      if (target === undefined) return false;
      target.orInPlace(RoaringBitmap32.deserialize(bytes, 'portable')).andInPlace(live);
    }
    return this.values.stored.loadPages(pages, isDead);
  }

  private rowsOfCount(bounds: Bounds, live: ReadonlyRoaringBitmap32): ReadonlyRoaringBitmap32 {
    const rows = new RoaringBitmap32();
    if (isWithin(0, bounds)) rows.orInPlace(RoaringBitmap32.andNot(live, this.valued));
    if (isWithin(1, bounds)) rows.orInPlace(RoaringBitmap32.andNot(this.valued, unionOf([...this.counts.values()])));
    for (const [count, having] of this.counts) if (isWithin(count, bounds)) rows.orInPlace(having);
    return rows;
  }

  private ofCount(count: number): RoaringBitmap32 {
    const known = this.counts.get(count);
    if (known !== undefined) return known;
    const rows = new RoaringBitmap32();
    this.counts.set(count, rows);
    return rows;
  }
}

/** By a byte a row: asking the bitmap for each takes much longer. */
export function deadRowsOf(live: ReadonlyRoaringBitmap32, nextRow: number): (row: number) => boolean {
  const isLive = new Uint8Array(nextRow);
  for (const row of live) isLive[row] = 1;
  return (row) => isLive[row] !== 1;
}

/** The name of a set of rows by their count of values. */
const COUNT = 'count ';
