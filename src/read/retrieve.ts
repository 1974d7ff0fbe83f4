// Points by their ids.
import type { MetaSnapshot } from '../meta/meta-snapshot.js';
import type { PointId } from '../payload/point.js';
import { assemblePoints, type Point, type PointOptions } from './assemble.js';

/** In the order of the ids; ids that no point has are passed over. */
export async function retrieve(meta: MetaSnapshot, ids: readonly PointId[], options: PointOptions): Promise<Point[]> {
  const rows = ids.map((id) => meta.rowOf(id)).filter((row) => row !== undefined);
  return assemblePoints(meta, Uint32Array.from(rows), options);
}
