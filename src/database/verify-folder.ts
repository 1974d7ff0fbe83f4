// Folders as `vamana verify` and `inspect` are given them: what they are, told by the files in them, and a check of one
// whatever it is. A collection that lies in a database is checked under the database's lock.
import { join } from 'node:path';
import { type SnapshotReport, verifySnapshot } from '../backup/verify-snapshot.js';
import { CollectionPaths, DatabasePaths, parseManifestName, SNAPSHOT_LIST } from '../disk/file-names.js';
import { nodeStorage } from '../disk/node-storage.js';
import { type VerifyReport, verifyIndex } from '../segment/check-index.js';
import {
  type CollectionVerifyReport,
  type VerifyCollectionOptions,
  verifyCollectionFolder,
} from '../verify/verify-collection.js';
import { lockAround, lockDatabase } from './database-lock.js';

export type FolderKind = 'segment' | 'collection' | 'database' | 'snapshot';

/** Whatever is nothing else is taken for a segment, whose reader says what is missing. NOT_FOUND without a folder. */
export async function folderKind(dir: string): Promise<FolderKind> {
  const names = await nodeStorage.list(dir);
  if (names.includes(SNAPSHOT_LIST)) return 'snapshot';
  if (names.some((name) => parseManifestName(name) !== null)) return 'collection';
  const paths = new CollectionPaths('');
  if (names.includes(paths.walDir) || names.includes(paths.segmentsDir)) return 'collection';
  return names.includes('collections') ? 'database' : 'segment';
}

export type FolderReport =
  | { kind: 'segment'; report: VerifyReport }
  | { kind: 'collection'; report: CollectionVerifyReport }
  | { kind: 'database'; reports: Record<string, CollectionVerifyReport> }
  | { kind: 'snapshot'; report: SnapshotReport };

/** What is wrong is in the report; rejects when the check cannot run: NOT_FOUND, LOCKED, IO, ABORTED. */
export async function verifyFolder(dir: string, options: VerifyCollectionOptions = {}): Promise<FolderReport> {
  const kind = await folderKind(dir);
  switch (kind) {
    case 'segment':
      return { kind, report: await verifyIndex(dir, options) };
    case 'snapshot':
      return { kind, report: await verifySnapshot(dir, options) };
    case 'collection':
      return { kind, report: await verifyCollection(dir, options) };
    case 'database':
      return { kind, reports: await verifyDatabase(dir, options) };
  }
}

/** A collection that nobody has open, by its folder. LOCKED, NOT_FOUND, ABORTED. */
export async function verifyCollection(
  dir: string,
  options: VerifyCollectionOptions = {},
): Promise<CollectionVerifyReport> {
  const lock = await lockAround(dir);
  try {
    return await verifyCollectionFolder(dir, nodeStorage, options);
  } finally {
    lock?.release();
  }
}

async function verifyDatabase(
  dir: string,
  options: VerifyCollectionOptions,
): Promise<Record<string, CollectionVerifyReport>> {
  const paths = new DatabasePaths(dir);
  const lock = await lockDatabase(paths);
  try {
    const names = (await nodeStorage.list(paths.collectionsDir)).filter((name) => paths.isCollectionName(name)).sort();
    const reports: Record<string, CollectionVerifyReport> = {};
    for (const name of names) {
      reports[name] = await verifyCollectionFolder(join(paths.collectionsDir, name), nodeStorage, options);
    }
    return reports;
  } finally {
    lock.release();
  }
}
