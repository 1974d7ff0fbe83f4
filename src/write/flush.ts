// Writes a frozen delta as a segment. Changes nothing by itself: the folder it leaves is nobody's until the commit
// queue has published the manifest edit that names it.
import type { NativeDelta, NativeProgress, NativeSegment, NativeSnapshot, NativeStore } from '../binding.js';
import { FIRST_SPACE, type Space } from '../config/spaces.js';
import type { SegmentEntry } from '../manifest/manifest.js';

export interface FlushInput {
  store: NativeStore;
  /** Sees the delta; rows that are dead in it are left out. */
  snapshot: NativeSnapshot;
  delta: NativeDelta;
  /** The segment's number and folder, which must not exist. */
  number: number;
  dir: string;
  config: Space;
  threads: number;
  onProgress?: (progress: NativeProgress) => void;
}

export interface FlushedSegment {
  segment: NativeSegment;
  entry: SegmentEntry;
}

/** The segment, durable and open. REQUIRES a row of the delta that lives in the snapshot. */
export async function flushDelta(input: FlushInput): Promise<FlushedSegment> {
  const { store, snapshot, delta, number, dir, config, threads, onProgress } = input;
  const { degree, buildList, alpha, code, codeBytes } = config;
  const options = { dir, degree, buildList, alpha, code, codeBytes, memoryLimit: 0, threads, seed: 1 };
  await store.buildSegment({ segments: [], deltas: [delta] }, snapshot, options, null, onProgress ?? null);
  const segment = await store.openSegment(dir);
  return { segment, entry: segmentEntry(segment, number, { level: 0, space: config.number }) };
}

/** What the manifest says of a segment. */
export function segmentEntry(
  { info, rows }: NativeSegment,
  number: number,
  { level, space }: { level: number; space: number },
): SegmentEntry {
  return {
    number,
    uuid: info.uuid,
    rows: rows.count,
    firstRow: rows.first,
    lastRow: rows.last,
    bytes: Object.values(info.files).reduce((sum, bytes) => sum + bytes, 0),
    createdAt: new Date().toISOString(),
    level,
    ...(space === FIRST_SPACE ? {} : { space }),
  };
}
