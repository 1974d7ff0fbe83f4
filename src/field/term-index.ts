// Rows by term: each term has a code, each code a posting, and each row the list of its codes. Terms are what a field
// index compares for equality: strings, numbers and booleans of a keyword field, tokens of a text. The codes of terms
// that no row has any more are given to later ones.
//
// Stored as pages: terms by code, and lists by row. Postings are made from these when they are loaded.
import { pack, unpack } from 'msgpackr';
import { RoaringBitmap32, type ReadonlyRoaringBitmap32 } from '../bitmap.js';
import type { MatchValue } from './field-condition.js';
import { addTo, countIn, type Posting, removeFrom, sizeOf, union } from './posting.js';
import { pageOf, RowLists } from './row-lists.js';
import type { StoredPages } from './stored-pages.js';

const TERMS_PAGE = 4096;

/** Parts of what is stored. */
const ROWS = 0;
const TERMS = 1;

export class TermIndex<T extends MatchValue> implements StoredPages {
  private readonly codes = new Map<T, number>();
  private readonly terms: (T | undefined)[] = [];
  private readonly postings: (Posting | undefined)[] = [];
  private readonly freeCodes: number[] = [];
  private readonly lists = new RowLists();
  private readonly dirtyRows = new Set<number>();
  private readonly dirtyTerms = new Set<number>();
  private termBytes = 0;
  /** Rows that have two terms or more. */
  readonly multiple = new RoaringBitmap32();

  /** Of a row that has none. Each term once. */
  put(row: number, terms: Iterable<T>): void {
    const codes: number[] = [];
    for (const term of terms) {
      const code = this.codes.get(term) ?? this.addTerm(term);
      this.postings[code] = addTo(this.postings[code], row);
      codes.push(code);
    }
    if (codes.length === 0) return;
    this.lists.set(row, codes);
    this.dirtyRows.add(pageOf(row));
    if (codes.length > 1) this.multiple.add(row);
  }

  remove(row: number): void {
    const codes = this.lists.get(row);
    if (codes.length === 0) return;
    for (const code of codes) {
      const left = removeFrom(this.postings[code] as Posting, row);
      this.postings[code] = left;
      if (left === undefined) this.dropTerm(code);
    }
    this.lists.set(row, []);
    this.dirtyRows.add(pageOf(row));
    if (codes.length > 1) this.multiple.remove(row);
  }

  postingOf(term: T): Posting | undefined {
    const code = this.codes.get(term);
    return code === undefined ? undefined : this.postings[code];
  }

  countOf(term: T): number {
    return sizeOf(this.postingOf(term));
  }

  /** Rows that have any of the terms. */
  rowsOfAny(terms: Iterable<T>): ReadonlyRoaringBitmap32 {
    const postings: Posting[] = [];
    for (const term of terms) {
      const posting = this.postingOf(term);
      if (posting !== undefined) postings.push(posting);
    }
    return union(postings);
  }

  /** Rows that have a term which passes; every term is looked at. */
  rowsWhere(passes: (term: T) => boolean): ReadonlyRoaringBitmap32 {
    const postings: Posting[] = [];
    for (const [term, code] of this.codes) if (passes(term)) postings.push(this.postings[code] as Posting);
    return union(postings);
  }

  termsOf(row: number): T[] {
    return this.lists.get(row).map((code) => this.terms[code] as T);
  }

  /**
   * Terms and in how many rows of the set each is, in no order; all rows where there is no set. Undefined now and then,
   * where the caller may let others have their turn; the index may change there, and a term that is dropped and comes
   * again may then come twice.
   */
  *counts(rows: ReadonlyRoaringBitmap32 | null): Generator<[term: T, count: number] | undefined> {
    if (rows !== null && rows.size < this.codes.size) return yield* this.countsByRow(rows);
    let looks = 0;
    for (const [term, code] of this.codes) {
      const posting = this.postings[code] as Posting;
      const count = rows === null ? sizeOf(posting) : countIn(posting, rows);
      if (count > 0) yield [term, count];
      looks += 1;
      if (looks % LOOKS_A_BREATH === 0) yield undefined;
    }
  }

  private *countsByRow(rows: ReadonlyRoaringBitmap32): Generator<[term: T, count: number] | undefined> {
    const counts = new Map<T, number>();
    let looks = 0;
    for (const row of rows.toUint32Array()) {
      for (const term of this.termsOf(row)) counts.set(term, (counts.get(term) ?? 0) + 1);
      looks += 1;
      if (looks % LOOKS_A_BREATH === 0) yield undefined;
    }
    for (const entry of counts) {
      yield entry;
      looks += 1;
      if (looks % LOOKS_A_BREATH === 0) yield undefined;
    }
  }

  get termCount(): number {
    return this.codes.size;
  }

  /** About; a posting that is no bitmap costs nothing. */
  get bytes(): number {
    let bytes = this.lists.bytes + this.termBytes;
    for (const posting of this.postings) {
      if (posting instanceof RoaringBitmap32) bytes += BITMAP_BYTES + posting.getSerializationSizeInBytes('portable');
    }
    return bytes;
  }

  *changedPages(): Generator<[part: number, page: number]> {
    for (const page of this.dirtyRows) yield [ROWS, page];
    for (const page of this.dirtyTerms) yield [TERMS, page];
  }

  markStored(): void {
    this.dirtyRows.clear();
    this.dirtyTerms.clear();
  }

  encodePage(part: number, page: number): Uint8Array | undefined {
    if (part === ROWS) return this.lists.encode(page);
    return pack(this.terms.slice(page * TERMS_PAGE, (page + 1) * TERMS_PAGE).map(encodeTerm));
  }

  loadPages(pages: ReadonlyMap<number, ReadonlyMap<number, Uint8Array>>, isDead: (row: number) => boolean): boolean {
    for (const [page, bytes] of pages.get(TERMS) ?? []) {
      const terms: unknown = unpack(bytes);
      if (!Array.isArray(terms) || terms.length > TERMS_PAGE) return false;
      for (const [at, term] of terms.entries()) {
        this.terms[page * TERMS_PAGE + at] = decodeTerm(term) as T | undefined;
      }
    }
    for (const [page, bytes] of pages.get(ROWS) ?? []) {
      if (!this.lists.load(page, bytes, this.terms.length, isDead)) return false;
    }
    return this.makePostings();
  }

  private makePostings(): boolean {
    const rows: number[][] = Array.from(this.terms, () => []);
    for (let page = 0; page < this.lists.pageCount; page += 1) {
      let last = -1;
      this.lists.forEachOf(page, (row, code) => {
        (rows[code] as number[]).push(row);
        if (row === last) this.multiple.add(row);
        last = row;
      });
    }
    for (let code = 0; code < this.terms.length; code += 1) {
      const term = this.terms[code];
      const [first, ...others] = rows[code] as number[];
      if (first === undefined) {
        // Its rows died since the page was stored.
        this.forget(code);
        continue;
      }
      if (term === undefined || this.codes.has(term)) return false;
      this.codes.set(term, code);
      this.termBytes += bytesOf(term);
      this.postings[code] = others.length === 0 ? first : RoaringBitmap32.from(rows[code] as number[]);
    }
    return true;
  }

  private addTerm(term: T): number {
    const code = this.freeCodes.pop() ?? this.terms.length;
    this.codes.set(term, code);
    this.terms[code] = term;
    this.termBytes += bytesOf(term);
    this.dirtyTerms.add(Math.floor(code / TERMS_PAGE));
    return code;
  }

  private dropTerm(code: number): void {
    const term = this.terms[code] as T;
    this.codes.delete(term);
    this.termBytes -= bytesOf(term);
    this.dirtyTerms.add(Math.floor(code / TERMS_PAGE));
    this.forget(code);
  }

  private forget(code: number): void {
    this.terms[code] = undefined;
    this.postings[code] = undefined;
    this.freeCodes.push(code);
  }
}

// Whole numbers in a list, as text: MessagePack has none past 64 bits.
function encodeTerm(term: MatchValue | undefined): unknown {
  return typeof term === 'bigint' ? [String(term)] : (term ?? null);
}

function decodeTerm(stored: unknown): MatchValue | undefined {
  return Array.isArray(stored) ? BigInt(stored[0] as string) : ((stored ?? undefined) as MatchValue | undefined);
}

/** Terms, or rows, that are looked at in a row without asking whether others wait. */
const LOOKS_A_BREATH = 64;

const BITMAP_BYTES = 160;
/** Of a term in the map and in the list of terms, beside its text. */
const TERM_BYTES = 64;

function bytesOf(term: MatchValue): number {
  return TERM_BYTES + (typeof term === 'string' ? term.length : 0);
}

/** In no order, so sorted. */
export function describeTerms(terms: readonly MatchValue[]): string {
  return terms
    .map((term) => `${typeof term} ${String(term)}`)
    .sort()
    .join('\n');
}
