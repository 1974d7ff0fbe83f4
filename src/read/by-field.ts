// What is answered by an index of a field alone: the values of a field with their counts, and points in the order of a
// field. Both need the index, for reading every payload would take as long as the collection is large. Of the last
// published record, which may be later than the snapshot that points are read from. In turns, for a field may have
// millions of values and of rows: what is published meanwhile may be in the answer or not, value by value.
import type { ReadonlyRoaringBitmap32 } from '../bitmap.js';
import { VamanaError } from '../errors.js';
import { parseDatetime } from '../field/datetime.js';
import type { FieldIndex } from '../field/field-index.js';
import type { NumberedRow } from '../field/number-index.js';
import { TopFacets } from '../field/top-facets.js';
import type { FacetHit } from '../field/value-index.js';
import type { FieldSource } from './field-source.js';
import type { OrderedOptions } from './read-options.js';
import { Turns } from './turns.js';

/** UNINDEXED_FILTER where the field has no index, INVALID_ARGUMENT where its type has no values to count, ABORTED. */
export async function facetOf(
  fields: FieldSource,
  key: string,
  rows: ReadonlyRoaringBitmap32 | null,
  { limit, signal }: { limit: number; signal?: AbortSignal | undefined },
): Promise<FacetHit[]> {
  const index = requireIndex(fields, key, 'facets');
  const counts = index.facets(rows);
  if (counts === null) throw wrongType(index, 'facets', 'keyword, integer, float, bool or uuid');
  const top = new TopFacets(limit);
  const turns = new Turns(signal);
  for (const hit of counts) {
    if (hit !== undefined) {
      top.add(hit);
      continue;
    }
    const turn = turns.next();
    if (turn !== undefined) await turn;
  }
  return top.sorted();
}

/** Rows of a set, or of those that live all that are accepted. */
export interface RowChoice {
  rows: ReadonlyRoaringBitmap32 | null;
  accepts(row: number): boolean;
}

/** Up to `limit` rows, each once. UNINDEXED_FILTER, INVALID_ARGUMENT, ABORTED as above. */
export async function orderedRows(
  fields: FieldSource,
  { rows, accepts }: RowChoice,
  limit: number,
  { orderBy, direction = 'asc', startFrom, signal }: OrderedOptions,
): Promise<NumberedRow[]> {
  const index = requireIndex(fields, orderBy, 'an order');
  if (index.numbers === null) throw wrongType(index, 'an order', 'integer, float or datetime');
  const start = startFrom === undefined ? undefined : startOf(startFrom, orderBy);
  const ordered: NumberedRow[] = [];
  if (limit === 0) return ordered;
  const turns = new Turns(signal);
  for (const entry of index.numbers.ordered(rows ?? fields.live, direction, start)) {
    if (entry !== undefined) {
      if (rows !== null || accepts(entry.row)) ordered.push(entry);
      if (ordered.length === limit) break;
      continue;
    }
    const turn = turns.next();
    if (turn !== undefined) await turn;
  }
  // A row whose number was changed meanwhile may have been met at both.
  return turns.taken ? [...new Map(ordered.map((entry) => [entry.row, entry])).values()] : ordered;
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
