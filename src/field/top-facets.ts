// The values that stand in most rows, of as many as are added: kept without sorting them all, for a field may have
// millions of values, and an answer shows ten. Called by src/read/by-field.ts.
import type { FacetHit } from './value-index.js';

/** Kept beyond those that are asked for, so that sorting is rare. */
const ROOM = 1024;

export class TopFacets {
  private hits: FacetHit[] = [];

  constructor(private readonly limit: number) {}

  add(hit: FacetHit): void {
    this.hits.push(hit);
    if (this.hits.length >= 2 * this.limit + ROOM) this.hits = this.sorted();
  }

  /** Most first, each value once; of equal counts by value. */
  sorted(): FacetHit[] {
    const known = new Set<FacetHit['value']>();
    const distinct = this.hits.sort(compare).filter(({ value }) => !known.has(value) && known.add(value));
    return distinct.slice(0, this.limit);
  }
}

function compare(a: FacetHit, b: FacetHit): number {
  return b.count - a.count || compareValues(a.value, b.value);
}

function compareValues(a: FacetHit['value'], b: FacetHit['value']): number {
  if (typeof a === typeof b || (isNumeric(a) && isNumeric(b))) return a < b ? -1 : a > b ? 1 : 0;
  return typeof a < typeof b ? -1 : 1;
}

function isNumeric(value: FacetHit['value']): boolean {
  return typeof value === 'number' || typeof value === 'bigint';
}
