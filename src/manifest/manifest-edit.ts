// How a manifest changes: background work computes an edit, the one commit queue applies it to the manifest that is
// current by then. Pure; nothing here touches a file.
import { VamanaError } from '../errors.js';
import {
  checkManifest,
  formatVersionOf,
  type Manifest,
  type RetiredGeneration,
  type SegmentEntry,
} from './manifest.js';

export interface ManifestEdit<Config = unknown> {
  /** Their numbers were given out by one counter, begun at nextSegmentNumber when the collection was opened. */
  addSegments?: readonly SegmentEntry[];
  /** Numbers; each must be there. */
  removeSegments?: readonly number[];
  /** Never falls. Left out by work that flushes nothing. */
  flushedSeq?: number;
  config?: Config;
  /** In place of those there are. */
  retired?: readonly RetiredGeneration[];
}

/** The next version. INTERNAL for an edit that does not fit: it was computed from something else. */
export function applyEdit<Config>(manifest: Manifest<Config>, edit: ManifestEdit<Config>): Manifest<Config> {
  const { addSegments = [], removeSegments = [], flushedSeq = manifest.flushedSeq, config = manifest.config } = edit;
  if (flushedSeq < manifest.flushedSeq) throw misfit(manifest, `flushedSeq falls to ${flushedSeq}`);
  const removed = new Set(removeSegments);
  const kept = manifest.segments.filter(({ number }) => !removed.delete(number));
  if (removed.size > 0) throw misfit(manifest, `it removes segment ${[...removed].join(', ')}, which is not there`);
  const segments = [...kept, ...addSegments].sort((a, b) => a.number - b.number);
  const nextSegmentNumber = Math.max(manifest.nextSegmentNumber, ...addSegments.map(({ number }) => number + 1));
  const { retired: before = [], ...rest } = manifest;
  const retired = [...(edit.retired ?? before)];
  const next = {
    ...rest,
    formatVersion: formatVersionOf({ config, ...(retired.length > 0 ? { retired } : {}) }),
    version: manifest.version + 1,
    config,
    flushedSeq,
    nextSegmentNumber,
    segments,
    ...(retired.length > 0 ? { retired } : {}),
  };
  checkManifest<Config>(next, 'INTERNAL', `edit of manifest ${manifest.version}`);
  return next;
}

function misfit({ version }: Manifest<unknown>, problem: string): VamanaError {
  return new VamanaError('INTERNAL', `an edit does not fit manifest ${version}: ${problem}`);
}
