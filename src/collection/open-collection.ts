// Opens a collection: its manifest, the native store, recovery, and the parts that a Collection is wired from.
import type { CollectionConfig } from '../config/collection-config.js';
import { spacesOf } from '../config/spaces.js';
import type { Runtime } from '../config/runtime-options.js';
import { CollectionPaths } from '../disk/file-names.js';
import type { Storage } from '../disk/storage.js';
import { asVamanaError } from '../errors.js';
import { ManifestStore } from '../manifest/manifest-store.js';
import { JobLog } from '../rebuild/job.js';
import { type RecoveryProgress, recover } from '../recovery/recover.js';
import { CollectionSnapshot, SnapshotCell } from '../snapshot/collection-snapshot.js';
import { Collection } from './collection.js';
import { Parts } from './parts.js';
import { createStore } from './space-store.js';
import { VectorSpace } from './vector-space.js';

export interface OpenCollectionInput {
  name: string;
  dir: string;
  storage: Storage;
  runtime: Runtime;
  onProgress?: (progress: RecoveryProgress) => void;
  /** Called when closing begins, with its end. */
  onClose?: (closed: Promise<void>) => void;
}

/** Recovers the collection in a folder; see src/recovery/recover.ts. NOT_FOUND, CORRUPT, TOO_NEW, IO. */
export async function openCollection(input: OpenCollectionInput): Promise<Collection> {
  const { dir, storage, runtime, onProgress } = input;
  const paths = new CollectionPaths(dir);
  const manifests = await ManifestStore.open<CollectionConfig>(storage, dir);
  const spaces = spacesOf(manifests.current.config);
  const stores = spaces.map((space) => ({ space, store: createStore(space, runtime, spaces.length) }));
  try {
    const recovered = await recover({
      storage,
      paths,
      manifests,
      stores,
      runtime,
      ...(onProgress === undefined ? {} : { onProgress }),
    });
    const { dead, meta, wal, replayed: records, cutBytes } = recovered;
    const parts = new Parts(
      recovered.spaces.map(({ space, store, segments, delta }) => new VectorSpace(space, store, segments, delta)),
    );
    const natives = parts.spaces.map(
      ({ number, store, parts: own }) => [number, store.createSnapshot({ ...own, dead })] as const,
    );
    const snapshots = new SnapshotCell(new CollectionSnapshot(new Map(natives), meta.snapshot()));
    const jobs = await JobLog.open(storage, paths);
    const collection = new Collection(input.name, {
      storage,
      paths,
      manifests,
      runtime,
      parts,
      snapshots,
      meta,
      wal,
      recovered: { records, cutBytes },
      jobs,
      onClose: input.onClose,
    });
    await collection.start();
    return collection;
  } catch (error) {
    for (const { store } of stores) await store.close();
    throw asVamanaError(error);
  }
}
