// Opens a collection: its manifest, the native store, recovery, and the parts that a Collection is wired from.
import { loadNative, type NativeStore } from '../binding.js';
import type { CollectionConfig } from '../config/collection-config.js';
import { type Space, spacesOf } from '../config/spaces.js';
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

/** The engine of one vector space; the cache is shared out among the spaces of a collection. */
export function createStore(space: Space, { io, threads, ...runtime }: Runtime, spaces: number): NativeStore {
  const native = loadNative();
  const { dim, element, metric, degree, buildList, alpha } = space;
  const cacheBytes = Math.floor(runtime.cacheBytes / spaces);
  const { queueRequests } = native.constants.defaults;
  const delta = { degree, buildList, alpha: Math.min(alpha, DELTA_ALPHA_MAX) };
  return native.createStore({ dim, element, metric, io, threads, inFlight: 0, cacheBytes, queueRequests, delta });
}

const DELTA_ALPHA_MAX = 2;
