// The numbers of each row, by row. Most rows have one, which is a double in a page of rows; rows with several, and those
// with a whole number that no double holds, are kept aside. Pages are what is stored.
import { pack, unpack } from 'msgpackr';
import type { Bounds } from './field-condition.js';
import { matchValueOf } from './field-values.js';
import { isWithin } from './match-condition.js';
import { PAGE_ROWS, pageOf } from './row-lists.js';

export type Numeric = number | bigint;

const PAGE_MASK = PAGE_ROWS - 1;

export class NumberColumn {
  /** NaN where a row has no number, or is kept aside. */
  private readonly pages: (Float64Array | undefined)[] = [];
  private readonly aside: (Map<number, readonly Numeric[]> | undefined)[] = [];
  private asideValues = 0;

  /** Null where it has none, or several: then valuesOf. */
  singleOf(row: number): number | null {
    const value = this.pages[pageOf(row)]?.[row & PAGE_MASK] ?? Number.NaN;
    return Number.isNaN(value) ? null : value;
  }

  /** Those of the rows, ascending, that have a number within the bounds. */
  within(rows: Uint32Array, bounds: Bounds): Uint32Array {
    const isMatch = boundsTest(bounds);
    const found = new Uint32Array(rows.length);
    let count = 0;
    for (const row of rows) {
      const value = this.pages[pageOf(row)]?.[row & PAGE_MASK] ?? Number.NaN;
      const matches = Number.isNaN(value) ? this.valuesOf(row).some((each) => isWithin(each, bounds)) : isMatch(value);
      if (matches) found[count++] = row;
    }
    return found.subarray(0, count);
  }

  valuesOf(row: number): readonly Numeric[] {
    const single = this.singleOf(row);
    return single === null ? (this.aside[pageOf(row)]?.get(row) ?? []) : [single];
  }

  set(row: number, values: readonly Numeric[]): void {
    const page = pageOf(row);
    const [first] = values;
    const isSingle = values.length === 1 && typeof first === 'number';
    if (this.aside[page]?.has(row) === true) {
      this.asideValues -= this.aside[page]?.get(row)?.length ?? 0;
      this.aside[page]?.delete(row);
    }
    if (this.pages[page] === undefined) {
      if (values.length === 0) return;
      this.pages[page] = new Float64Array(PAGE_ROWS).fill(Number.NaN);
    }
    (this.pages[page] as Float64Array)[row & PAGE_MASK] = isSingle ? first : Number.NaN;
    if (isSingle || values.length === 0) return;
    this.aside[page] ??= new Map();
    this.aside[page]?.set(row, values);
    this.asideValues += values.length;
  }

  /** Rows that have a number, with all of these. */
  *entries(): Generator<[row: number, values: readonly Numeric[]]> {
    for (const [number, page] of this.pages.entries()) {
      if (page === undefined) continue;
      const first = number * PAGE_ROWS;
      for (let slot = 0; slot < PAGE_ROWS; slot += 1) {
        const value = page[slot] as number;
        if (!Number.isNaN(value)) yield [first + slot, [value]];
      }
      yield* this.aside[number] ?? [];
    }
  }

  get bytes(): number {
    const pages = this.pages.reduce((count, page) => count + (page === undefined ? 0 : 1), 0);
    return pages * PAGE_ROWS * 8 + this.asideValues * ASIDE_BYTES;
  }

  encode(page: number): Uint8Array | undefined {
    const values = this.pages[page];
    if (values === undefined) return undefined;
    // Whole numbers as text: MessagePack has none past 64 bits.
    const aside = pack(Array.from(this.aside[page] ?? [], ([row, list]) => [row, list.map(encodeNumber)]));
    return Buffer.concat([Buffer.from(values.buffer, values.byteOffset, values.byteLength), aside]);
  }

  /** False for bytes that are no page. */
  load(page: number, bytes: Uint8Array, isDead: (row: number) => boolean): boolean {
    const end = PAGE_ROWS * 8;
    if (bytes.length <= end) return false;
    const values = new Float64Array(Uint8Array.from(bytes.subarray(0, end)).buffer);
    const first = page * PAGE_ROWS;
    for (let slot = 0; slot < PAGE_ROWS; slot += 1) {
      if (!Number.isNaN(values[slot] as number) && isDead(first + slot)) values[slot] = Number.NaN;
    }
    this.pages[page] = values;
    const aside: unknown = unpack(bytes.subarray(end));
    if (!Array.isArray(aside)) return false;
    for (const [row, numbers] of aside as [number, (number | string)[]][]) {
      if (pageOf(row) !== page || !Array.isArray(numbers)) return false;
      if (!isDead(row)) this.set(row, numbers.map(decodeNumber));
    }
    return true;
  }
}

/** For doubles; of bounds that are doubles too it is two comparisons. */
function boundsTest(bounds: Bounds): (value: number) => boolean {
  const { gt, gte, lt, lte } = bounds;
  if ([gt, gte, lt, lte].some((bound) => typeof bound === 'bigint')) return (value) => isWithin(value, bounds);
  const above = Number(gt ?? Number.NEGATIVE_INFINITY);
  const from = Number(gte ?? Number.NEGATIVE_INFINITY);
  const below = Number(lt ?? Number.POSITIVE_INFINITY);
  const to = Number(lte ?? Number.POSITIVE_INFINITY);
  return (value) => value > above && value >= from && value < below && value <= to;
}

function encodeNumber(value: Numeric): number | string {
  return typeof value === 'bigint' ? String(value) : value;
}

function decodeNumber(stored: number | string): Numeric {
  return typeof stored === 'string' ? BigInt(stored) : stored;
}

/** Of a value in a list in a map. */
const ASIDE_BYTES = 48;

/** Equal for equal values. */
export function describeNumber(value: Numeric): string {
  return String(matchValueOf(value));
}
