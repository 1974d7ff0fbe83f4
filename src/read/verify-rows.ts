// The rows of a set whose points match a filter, by their payloads: what no field index could say. Reads every
// record of the set, in slices, so that other requests have their turn; how many it may read is limited.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { RoaringBitmap32 } from '../bitmap.js';
import { VamanaError } from '../errors.js';
import type { Space } from '../config/spaces.js';
import type { MetaSnapshot } from '../meta/meta-snapshot.js';
import { hasVectorIn } from '../meta/meta-tables.js';
import { decodePayload } from '../payload/payload-codec.js';

import type { Matcher } from '../filter/match-filter.js';

const TURN_MS = 4;
/** Between two looks at the clock. */
const SLICE_ROWS = 64;

export interface VerifyRowsOptions {
  /** More rows than this are not read: UNINDEXED_FILTER. */
  rowsMax: number;
  signal?: AbortSignal | undefined;
  /** Of the collection. */
  spaces: readonly Pick<Space, 'name' | 'number'>[];
}

/** Of rows that are dead in the snapshot none is in the answer. */
export async function verifyRows(
  meta: MetaSnapshot,
  rows: RoaringBitmap32,
  matches: Matcher,
  { rowsMax, signal, spaces }: VerifyRowsOptions,
): Promise<RoaringBitmap32> {
  if (rows.size > rowsMax) throw tooMany(rows.size, rowsMax);
  const found = new RoaringBitmap32();
  const numbers = rows.toUint32Array();
  let turn = performance.now();
  requireGoingOn(signal);
  for (let at = 0; at < numbers.length; at += SLICE_ROWS) {
    if (performance.now() - turn > TURN_MS) {
      await nextTurn();
      requireGoingOn(signal);
      turn = performance.now();
    }
    for (const row of numbers.subarray(at, at + SLICE_ROWS)) {
      const record = meta.recordOf(row);
      if (record === undefined) continue;
      const payload = record.payload === null ? null : decodePayload(record.payload);
      const hasVector = (name: string): boolean =>
        spaces.some((space) => space.name === name && hasVectorIn(record, space.number));
      if (matches({ id: record.id, payload, hasVector })) found.add(row);
    }
  }
  return found;
}

function tooMany(found: number, most: number): VamanaError {
  return new VamanaError(
    'UNINDEXED_FILTER',
    `the filter has conditions on fields without an index, and the payloads of ${found} points would have to be read ` +
      `for them; at most ${most} are allowed (filterScanRows). Create an index of these fields, or narrow the filter ` +
      'with one that has an index',
  );
}

function requireGoingOn(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new VamanaError('ABORTED', 'the filter was cancelled by its signal');
}
