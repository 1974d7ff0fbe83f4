// What the field indexes of a collection are to those who read it. They stand at the last published record, so they are
// asked in the very turn in which a snapshot is acquired.
import type { ReadonlyRoaringBitmap32 } from '../bitmap.js';
import type { FieldIndex } from '../field/field-index.js';

export interface FieldSource {
  /** Rows that live. */
  readonly live: ReadonlyRoaringBitmap32;
  /** Undefined where the field has no index, or one that is still being built. */
  indexOf(key: string): FieldIndex | undefined;
  /** Changes whenever an answer over these fields may. */
  stampOf(keys: readonly string[]): string;
}
