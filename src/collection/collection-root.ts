// What an open collection is made of: made by open-collection.ts, wired together by collection.ts. Types only.
import type { CollectionConfig } from '../config/collection-config.js';
import type { Runtime } from '../config/runtime-options.js';
import type { CollectionPaths } from '../disk/file-names.js';
import type { Storage } from '../disk/storage.js';
import type { ManifestStore } from '../manifest/manifest-store.js';
import type { MetaStore } from '../meta/meta-store.js';
import type { JobLog } from '../rebuild/job.js';
import type { SnapshotCell } from '../snapshot/collection-snapshot.js';
import type { WalWriter } from '../wal/wal-writer.js';
import type { Parts } from './parts.js';

/** What openCollection makes. */
export interface CollectionRoot {
  storage: Storage;
  paths: CollectionPaths;
  manifests: ManifestStore<CollectionConfig>;
  runtime: Runtime;
  parts: Parts;
  snapshots: SnapshotCell;
  meta: MetaStore;
  wal: WalWriter;
  jobs: JobLog;
  recovered: { readonly records: number; readonly cutBytes: number };
  /** Called when closing begins, with its end. */
  onClose?: ((closed: Promise<void>) => void) | undefined;
}
