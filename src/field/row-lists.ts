// For each row a list of small numbers, most of them of one: what an index knows of a row, so that it can be taken out
// of the postings again, counted and ordered. Pages of rows are what is stored (src/meta/field-tables.ts) and what
// changes are marked in.
//
// A page has one word a row: NONE, the one number, or with the highest bit where its list begins in the page's arena:
// a length, then so many numbers. Lists that are replaced leave holes, which go when the page is packed.

export const PAGE_ROWS = 16_384;

const PAGE_SHIFT = 14;
const PAGE_MASK = PAGE_ROWS - 1;
const NONE = 0xffff_ffff;
const LIST = 0x8000_0000;
const ARENA_WORDS_MIN = 64;

interface Page {
  heads: Uint32Array;
  arena: Uint32Array;
  /** Words of the arena that are taken, and of them by lists that are no more. */
  used: number;
  holes: number;
}

/** Numbers are below 2^31 - 1. */
export class RowLists {
  private readonly pages: (Page | undefined)[] = [];

  /** The numbers of a row; none for a row that has no list. */
  get(row: number): number[] {
    const page = this.pages[row >>> PAGE_SHIFT];
    const head = page?.heads[row & PAGE_MASK] ?? NONE;
    if (page === undefined || head === NONE) return [];
    if (head < LIST) return [head];
    const at = head - LIST;
    return Array.from(page.arena.subarray(at + 1, at + 1 + (page.arena[at] as number)));
  }

  set(row: number, numbers: readonly number[]): void {
    const number = row >>> PAGE_SHIFT;
    const known = this.pages[number];
    if (known === undefined && numbers.length === 0) return;
    const page = known ?? emptyPage();
    this.pages[number] = page;
    const slot = row & PAGE_MASK;
    const old = page.heads[slot] as number;
    if (old !== NONE && old >= LIST) page.holes += 1 + (page.arena[old - LIST] as number);
    page.heads[slot] =
      numbers.length === 0 ? NONE : numbers.length === 1 ? (numbers[0] as number) : append(page, numbers);
    if (page.holes > ARENA_WORDS_MIN && 2 * page.holes > page.used) pack(page);
  }

  /** Calls back for every number of every row of a page. */
  forEachOf(number: number, visit: (row: number, value: number) => void): void {
    const page = this.pages[number];
    if (page === undefined) return;
    const first = number * PAGE_ROWS;
    for (let slot = 0; slot < PAGE_ROWS; slot += 1) {
      const head = page.heads[slot] as number;
      if (head === NONE) continue;
      if (head < LIST) {
        visit(first + slot, head);
        continue;
      }
      const at = head - LIST;
      const end = at + 1 + (page.arena[at] as number);
      for (let word = at + 1; word < end; word += 1) visit(first + slot, page.arena[word] as number);
    }
  }

  get pageCount(): number {
    return this.pages.length;
  }

  get bytes(): number {
    return this.pages.reduce((sum, page) => sum + (page === undefined ? 0 : 4 * (PAGE_ROWS + page.arena.length)), 0);
  }

  /** The words of a page, as `load` takes them; undefined for one that has nothing. */
  encode(number: number): Uint8Array | undefined {
    const page = this.pages[number];
    if (page === undefined) return undefined;
    if (page.holes > 0) pack(page);
    const words = new Uint32Array(PAGE_ROWS + page.used);
    words.set(page.heads);
    words.set(page.arena.subarray(0, page.used), PAGE_ROWS);
    return Buffer.from(words.buffer);
  }

  /** Lists of rows that are dead are left out. Returns false for bytes that are no page of numbers below `limit`. */
  load(number: number, bytes: Uint8Array, limit: number, isDead: (row: number) => boolean): boolean {
    if (bytes.length % 4 !== 0 || bytes.length < 4 * PAGE_ROWS) return false;
    const words = new Uint32Array(Uint8Array.from(bytes).buffer);
    const page: Page = { heads: words.slice(0, PAGE_ROWS), arena: words.slice(PAGE_ROWS), used: 0, holes: 0 };
    page.used = page.arena.length;
    for (let slot = 0; slot < PAGE_ROWS; slot += 1) {
      const head = page.heads[slot] as number;
      if (head === NONE) continue;
      const list = head < LIST ? undefined : listAt(page.arena, head - LIST);
      if (head < LIST ? head >= limit : list === undefined || list.some((value) => value >= limit)) return false;
      if (!isDead(number * PAGE_ROWS + slot)) continue;
      if (list !== undefined) page.holes += 1 + list.length;
      page.heads[slot] = NONE;
    }
    this.pages[number] = page;
    return true;
  }
}

/** The page of a row. */
export function pageOf(row: number): number {
  return row >>> PAGE_SHIFT;
}

function emptyPage(): Page {
  return { heads: new Uint32Array(PAGE_ROWS).fill(NONE), arena: new Uint32Array(0), used: 0, holes: 0 };
}

function append(page: Page, numbers: readonly number[]): number {
  const end = page.used + 1 + numbers.length;
  if (end > page.arena.length) {
    const grown = new Uint32Array(Math.max(ARENA_WORDS_MIN, 2 * page.arena.length, end));
    grown.set(page.arena.subarray(0, page.used));
    page.arena = grown;
  }
  const at = page.used;
  page.arena[at] = numbers.length;
  page.arena.set(numbers, at + 1);
  page.used = end;
  return LIST + at;
}

function pack(page: Page): void {
  const arena = new Uint32Array(page.used - page.holes);
  let used = 0;
  for (let slot = 0; slot < PAGE_ROWS; slot += 1) {
    const head = page.heads[slot] as number;
    if (head === NONE || head < LIST) continue;
    const at = head - LIST;
    const end = at + 1 + (page.arena[at] as number);
    arena.set(page.arena.subarray(at, end), used);
    page.heads[slot] = LIST + used;
    used += end - at;
  }
  Object.assign(page, { arena, used, holes: 0 });
}

function listAt(arena: Uint32Array, at: number): number[] | undefined {
  const length = arena[at];
  if (length === undefined || length < 2 || at + 1 + length > arena.length) return undefined;
  return Array.from(arena.subarray(at + 1, at + 1 + length));
}
