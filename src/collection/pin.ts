// One moment of an open collection, held still so that it can be checked while writes go on: its manifest, its
// metadata, the rows of its parts, and the log that leads there. To be called on the commit queue, and released.
import type { CollectionConfig } from '../config/collection-config.js';
import type { ManifestStore } from '../manifest/manifest-store.js';
import type { MetaStore } from '../meta/meta-store.js';
import { probeDelta, probeSegment } from '../segment/row-probe.js';
import type { PinnedCollection } from '../verify/verify-collection.js';
import type { WalWriter } from '../wal/wal-writer.js';
import type { Parts } from './parts.js';

export interface PinTarget {
  manifests: ManifestStore<CollectionConfig>;
  parts: Parts;
  meta: MetaStore;
  wal: WalWriter;
}

export function pinCollection(target: PinTarget): PinnedCollection & { release: () => void } {
  const { manifests, meta, wal } = target;
  const manifest = manifests.current;
  const numbers = new Map(manifest.segments.map(({ uuid, number }) => [uuid, number]));
  const letGo = wal.retain(manifest.flushedSeq + 1);
  const spaces = target.parts.spaces.map(({ number: space, store, segments, deltas }) => ({
    space,
    parts: [
      ...segments.map((segment) => probeSegment(store, `segment ${numbers.get(segment.info.uuid)}`, segment)),
      ...deltas.map((delta) => probeDelta(store, 'the rows in memory', delta)),
    ],
  }));
  const snapshot = meta.snapshot();
  const release = (): void => {
    letGo();
    snapshot.release();
    for (const { parts } of spaces) for (const part of parts) part.close();
  };
  return { manifest, meta: snapshot, spaces, release };
}
