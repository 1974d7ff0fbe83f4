// Points whose vectors are changed in some of their spaces only: the others go with them into their new row, so that a
// row has all vectors of its point and segments never change. Which have to be read for that is known before a batch
// is resolved; reading is the commit queue's, which then hands them to resolve.ts.
import { hasNames } from '../config/spaces.js';
import { type PointIdRules, parsePointId } from '../meta/point-id.js';
import type { PointIdInput } from '../payload/point.js';
import type { SpaceVector } from '../wal/wal-op.js';
import type { VectorConfig } from './encode-vectors.js';
import type { ResolveView } from './resolve-view.js';
import type { WriteBatch } from './write-batch.js';

/** Vectors of rows that are stored. */
export type StoredVectors = ReadonlyMap<number, readonly SpaceVector[]>;

export const NONE_STORED: StoredVectors = new Map();

/** Rows whose vectors the batch may need, ascending. INVALID_ARGUMENT for what is no id. */
export function rowsToRead(batch: WriteBatch, view: ResolveView, config: VectorConfig, ids: PointIdRules): number[] {
  if (!hasNames(config)) return [];
  const rows = new Set<number>();
  for (const operation of batch) {
    for (const given of pointsOf(operation)) {
      const current = view.get(parsePointId(given, ids));
      // What was written by the same group is at hand.
      if (current !== undefined && current.vectors === undefined) rows.add(current.row);
    }
  }
  return [...rows].sort((a, b) => a - b);
}

function pointsOf(operation: WriteBatch[number]): readonly PointIdInput[] {
  if ('updateVectors' in operation) return operation.updateVectors.map(({ id }) => id);
  return 'deleteVectors' in operation ? operation.ids : [];
}
