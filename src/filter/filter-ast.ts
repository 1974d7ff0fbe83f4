// A filter as it is worked with: types only. Made by parse-filter.ts, matched against payloads by match-filter.ts, made
// into sets of rows by evaluate-filter.ts.
import type { FieldCondition } from '../field/field-condition.js';
import type { PayloadPath } from '../payload/payload-path.js';
import type { PointId } from '../payload/point.js';

/** All of its clauses hold; one that is empty, or null, asks for nothing. */
export interface Filter {
  readonly must: readonly Condition[];
  /** At least one, where there are any. */
  readonly should: readonly Condition[];
  readonly mustNot: readonly Condition[];
  readonly minShould: { readonly conditions: readonly Condition[]; readonly minCount: number } | null;
}

export type Condition =
  | { readonly kind: 'filter'; readonly filter: Filter }
  /** `key` is the path as it was written; the cache and the indexes know fields by it. */
  | { readonly kind: 'field'; readonly key: string; readonly path: PayloadPath; readonly condition: FieldCondition }
  | { readonly kind: 'hasId'; readonly ids: readonly PointId[] }
  /** Every point has the one vector of a collection without names; its name is empty. */
  | { readonly kind: 'hasVector'; readonly name: string }
  /** The filter holds for one object that is an element of an array: `key` and `path` end in `[]`. */
  | { readonly kind: 'nested'; readonly key: string; readonly path: PayloadPath; readonly filter: Filter };
