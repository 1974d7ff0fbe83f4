// What the field indexes of a collection are to those who read it. They stand at the last published record, so they are
// asked in the very turn in which a snapshot is acquired.
import type { ReadonlyRoaringBitmap32 } from '../bitmap.js';
import type { FieldCondition } from '../field/field-condition.js';
import type { FieldSchema } from '../field/field-schema.js';

export interface FieldSource {
  readonly live: ReadonlyRoaringBitmap32;
  schemaOf(key: string): FieldSchema | undefined;
  rowsOf(key: string, condition: FieldCondition): ReadonlyRoaringBitmap32 | undefined;
  estimate(key: string, condition: FieldCondition): number | undefined;
  /** Changes whenever an answer over these fields may. */
  stampOf(fields: readonly string[]): string;
}
