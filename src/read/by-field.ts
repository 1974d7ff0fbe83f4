// What is answered by an index of a field alone: the values of a field with their counts, and points in the order of a
// field. Both need the index, for reading every payload would take as long as the collection is large. Of the last
// published record, which may be later than the snapshot that points are read from.
import type { ReadonlyRoaringBitmap32 } from '../bitmap.js';
import { VamanaError } from '../errors.js';
import { parseDatetime } from '../field/datetime.js';
import type { FieldIndex } from '../field/field-index.js';
import type { NumberedRow } from '../field/number-index.js';
import type { FacetHit } from '../field/value-index.js';
import type { FieldSource } from './field-source.js';
import type { OrderedOptions } from './read-options.js';

/** UNINDEXED_FILTER where the field has no index, INVALID_ARGUMENT where its type has no values to count. */
export function facetOf(
  fields: FieldSource,
  key: string,
  rows: ReadonlyRoaringBitmap32 | null,
  limit: number,
): FacetHit[] {
  const index = requireIndex(fields, key, 'facets');
  const hits = index.facet(rows, limit);
  if (hits !== null) return hits;
  throw wrongType(index, 'facets', 'keyword, integer, float, bool or uuid');
}

/** Up to `limit` rows. UNINDEXED_FILTER, INVALID_ARGUMENT as above. */
export function orderedRows(
  fields: FieldSource,
  rows: ReadonlyRoaringBitmap32 | null,
  limit: number,
  { orderBy, direction = 'asc', startFrom }: OrderedOptions,
): NumberedRow[] {
  const index = requireIndex(fields, orderBy, 'an order');
  if (index.numbers === null) throw wrongType(index, 'an order', 'integer, float or datetime');
  const start = startFrom === undefined ? undefined : startOf(startFrom, orderBy);
  const ordered: NumberedRow[] = [];
  if (limit === 0) return ordered;
  for (const entry of index.numbers.ordered(rows ?? fields.live, direction, start)) {
    ordered.push(entry);
    if (ordered.length === limit) break;
  }
  return ordered;
}

function startOf(value: number | string, key: string): number {
  const number = typeof value === 'string' ? parseDatetime(value) : value;
  if (number !== undefined && !Number.isNaN(number)) return number;
  const found = `found ${JSON.stringify(value)}`;
  throw new VamanaError('INVALID_ARGUMENT', `order by ${key}: start from: ${found}, expected a number or a date`);
}

function requireIndex(fields: FieldSource, key: string, what: string): FieldIndex {
  const index = fields.indexOf(key);
  if (index !== undefined) return index;
  const message = `${what} by field ${JSON.stringify(key)}: it has no index, or one that is still being built`;
  throw new VamanaError('UNINDEXED_FILTER', `${message}; create one`);
}

function wrongType({ key, schema }: FieldIndex, what: string, expected: string): VamanaError {
  const found = `its index is of type ${schema.type}`;
  return new VamanaError('INVALID_ARGUMENT', `${what} by field ${JSON.stringify(key)}: ${found}, expected ${expected}`);
}
