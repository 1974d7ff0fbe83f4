// Decisions of a job on its way: which segment it keeps the graph of, and whether the new one may take over. Pure; called
// by lifecycle.ts.
import type { NativeSegment, NativeSnapshot } from '../binding.js';
import { VamanaError } from '../errors.js';
import type { Job } from '../rebuild/job.js';

/** Of the segments, the one with most rows that live in the snapshot. */
export function mostAlive(snapshot: NativeSnapshot, segments: readonly NativeSegment[]): NativeSegment {
  const living = segments.map((segment) => {
    const only = snapshot.next({ segments: [segment], deltas: [] });
    const { liveRows } = only;
    only.close();
    return { segment, liveRows };
  });
  return living.reduce((most, one) => (one.liveRows > most.liveRows ? one : most)).segment;
}

/** GATE_REFUSED where a gate did not let the new segment pass, unless that is forced. */
export function requireGates({ gates, force, id }: Job): void {
  const refusing = gates.filter(({ passed }) => !passed);
  if (refusing.length === 0 || force) return;
  const found = refusing.map(({ gate, figures }) => `${gate} ${JSON.stringify(figures)}`).join(', ');
  throw new VamanaError('GATE_REFUSED', `job ${id}: the new segment did not pass: ${found}; the old ones stay`);
}
