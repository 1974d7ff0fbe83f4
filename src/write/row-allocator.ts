// Row numbers, in the order of commits. A batch that is refused gives its rows back; one that was written keeps
// them whatever becomes of its points. Owned by the commit queue, used by resolve.ts.
import { VamanaError } from '../errors.js';

/** 95% of what a u32 can number: what is left is for the merges that make room. */
export const ROWS_USABLE = Math.floor(0.95 * 2 ** 32);

export class RowAllocator {
  /** `next` is the store's: above every row that was ever assigned. */
  constructor(private following: number) {}

  /** The row that the next call of take gives. */
  get next(): number {
    return this.following;
  }

  /** ROWS_EXHAUSTED when there are none left. */
  take(): number {
    if (this.following >= ROWS_USABLE) {
      throw new VamanaError(
        'ROWS_EXHAUSTED',
        `all ${ROWS_USABLE} row numbers of this collection are assigned; move its points to a new collection`,
      );
    }
    this.following += 1;
    return this.following - 1;
  }

  /** Gives back what was taken since `next` was so. */
  rewind(next: number): void {
    this.following = next;
  }
}
