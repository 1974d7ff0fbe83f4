// What a collection is, from its manifest and the sizes of its files alone: nothing is opened, locked or recovered, so
// it works on a copy, and beside the process that has the collection open.
import { join } from 'node:path';
import type { CollectionConfig } from '../config/collection-config.js';
import { exists, fileBytes, listFiles } from '../disk/file-copy.js';
import { CollectionPaths, DatabasePaths } from '../disk/file-names.js';
import { nodeStorage } from '../disk/node-storage.js';
import type { SegmentEntry } from '../manifest/manifest.js';
import { ManifestStore } from '../manifest/manifest-store.js';

export interface CollectionInfo {
  uuid: string;
  createdAt: string;
  manifestVersion: number;
  /** The rows of records up to this one are in segments. */
  flushedSeq: number;
  /** In segments, dead ones among them. */
  segmentRows: number;
  segments: SegmentEntry[];
  bytes: { segments: number; log: number; metadata: number };
  config: CollectionConfig;
}

/** NOT_FOUND, CORRUPT, TOO_NEW. */
export async function inspectCollection(dir: string): Promise<CollectionInfo> {
  const { current } = await ManifestStore.open<CollectionConfig>(nodeStorage, dir);
  const { uuid, createdAt, version: manifestVersion, flushedSeq, segments, config } = current;
  const paths = new CollectionPaths(dir);
  const bytes = {
    segments: segments.reduce((sum, segment) => sum + segment.bytes, 0),
    log: await folderBytes(paths.walDir),
    metadata: await folderBytes(paths.metaDir),
  };
  const segmentRows = segments.reduce((sum, { rows }) => sum + rows, 0);
  return { uuid, createdAt, manifestVersion, flushedSeq, segmentRows, segments, bytes, config };
}

/** Of all collections of a database, by name. */
export async function inspectDatabase(dir: string): Promise<Record<string, CollectionInfo>> {
  const paths = new DatabasePaths(dir);
  const names = (await nodeStorage.list(paths.collectionsDir)).filter((name) => paths.isCollectionName(name)).sort();
  const infos: Record<string, CollectionInfo> = {};
  for (const name of names) infos[name] = await inspectCollection(join(paths.collectionsDir, name));
  return infos;
}

// A file that goes away meanwhile takes no bytes.
async function folderBytes(dir: string): Promise<number> {
  if (!(await exists(dir))) return 0;
  const sizes = (await listFiles(dir)).map((name) => fileBytes(join(dir, name)).catch(() => 0));
  return (await Promise.all(sizes)).reduce((sum, bytes) => sum + bytes, 0);
}
