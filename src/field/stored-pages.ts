// How an index is stored: as pages of bytes, each known by a part and a number, of which those that changed are written
// again. Indexes implement it; src/collection/field-store.ts moves the pages, src/meta/field-tables.ts keeps them.

export interface StoredPages {
  /** Since markStored. */
  changedPages(): Iterable<readonly [part: number, page: number]>;
  markStored(): void;
  /** Undefined where there is nothing to store any more. */
  encodePage(part: number, page: number): Uint8Array | undefined;
  /**
   * What was stored, by part and number, into an index that is empty, without rows that are dead by now. False for what
   * is not sound; the index is then of no use.
   */
  loadPages(pages: ReadonlyMap<number, ReadonlyMap<number, Uint8Array>>, isDead: (row: number) => boolean): boolean;
}
