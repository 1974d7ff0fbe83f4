// The fast path of an import into an empty collection: points that come sorted by id are written in large
// transactions, each at the right edge of the tree, which leaves its pages full. Called by MetaStore.bulkLoad.
//
// The state names the record only once all points are in. So a store that holds points and has applied no record
// is a load that was cut short: it is removed and loaded again, never continued.
import { VamanaError } from '../errors.js';
import type { PointId } from '../payload/point.js';
import { encodeIdKey } from './id-key.js';
import type { MetaBatch } from './meta-batch.js';

export interface BulkPoint {
  id: PointId;
  row: number;
  /** As encodePayload made it. */
  payload: Uint8Array | null;
}

/** Large enough to spread a sync over many points, small enough to hold up this thread for milliseconds only. */
const CHUNK_POINTS = 2000;

export interface BulkLoad {
  /** The number of the record that stands for the load, above 0. */
  seq: number;
  createBatch(): MetaBatch;
  commit(batch: MetaBatch): Promise<void>;
}

/** Returns how many points were loaded. INVALID_ARGUMENT when ids do not ascend; earlier chunks stay written. */
export async function bulkLoad(
  points: Iterable<BulkPoint> | AsyncIterable<BulkPoint>,
  { seq, createBatch, commit }: BulkLoad,
): Promise<number> {
  let batch = createBatch();
  if (batch.state.points !== 0 || batch.state.appliedSeq !== 0) {
    throw new VamanaError(
      'ALREADY_EXISTS',
      `bulk load: the metadata holds ${batch.state.points} points, up to record ${batch.state.appliedSeq}; ` +
        'expected none; write by batches, or start with a new collection',
    );
  }
  let last: Buffer | undefined;
  let loaded = 0;
  for await (const { id, row, payload } of points) {
    const key = encodeIdKey(id);
    if (last !== undefined && Buffer.compare(last, key) >= 0) {
      throw new VamanaError('INVALID_ARGUMENT', `bulk load: point ${id} does not follow the one before; sort by id`);
    }
    last = key;
    batch.addPoint(key, row, seq, payload);
    loaded += 1;
    if (loaded % CHUNK_POINTS !== 0) continue;
    await commit(batch);
    batch = createBatch();
  }
  batch.state.appliedSeq = seq;
  await commit(batch);
  return loaded;
}
