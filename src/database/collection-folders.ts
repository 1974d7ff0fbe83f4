// How the folders of collections come and go in a database's folder, each by renames, so that a collection is there
// whole or not at all whenever the process ends:
//
//   <name>.tmp          being made: removed when found
//   .dropped-<uuid>     dropped: removed when found
//   .replaced-<name>    to be replaced by what is renamed to <name> next: it goes once that stands, and takes its name
//                       back when it does not
import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CollectionConfig } from '../config/collection-config.js';
import { exists } from '../disk/file-copy.js';
import { CollectionPaths, type DatabasePaths, temporaryName, temporaryTarget } from '../disk/file-names.js';
import { nodeStorage } from '../disk/node-storage.js';
import { errnoOf, systemError } from '../disk/system-error.js';
import { VamanaError } from '../errors.js';
import { formatVersionOf, type Manifest } from '../manifest/manifest.js';
import { ManifestStore } from '../manifest/manifest-store.js';

const DROPPED = '.dropped-';
const REPLACED = '.replaced-';

/** Finishes or undoes what a process that ended midway left. */
export async function settleFolders(paths: DatabasePaths): Promise<void> {
  const { collectionsDir } = paths;
  const names = new Set(await nodeStorage.list(collectionsDir));
  for (const name of names) {
    const path = join(collectionsDir, name);
    if (name.startsWith(REPLACED) && !names.has(name.slice(REPLACED.length))) {
      await rename(path, join(collectionsDir, name.slice(REPLACED.length)));
      await nodeStorage.syncDir(collectionsDir);
    } else if (name.startsWith(DROPPED) || name.startsWith(REPLACED) || temporaryTarget(name) !== null) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

/** A new collection without points. ALREADY_EXISTS. */
export async function createFolder(dir: string, config: CollectionConfig): Promise<void> {
  const paths = new CollectionPaths(temporaryName(dir));
  await rm(paths.dir, { recursive: true, force: true });
  for (const folder of [paths.dir, paths.walDir, paths.metaDir, paths.segmentsDir]) await nodeStorage.mkdir(folder);
  const first: Manifest<CollectionConfig> = {
    formatVersion: formatVersionOf({ config }),
    version: 1,
    uuid: randomUUID(),
    createdAt: new Date().toISOString(),
    config,
    flushedSeq: 0,
    nextSegmentNumber: 1,
    segments: [],
  };
  await ManifestStore.create(nodeStorage, paths.dir, first);
  await publishFolder(dir);
}

/** Removes a collection's folder; false where there is none. */
export async function removeFolder({ collectionsDir }: DatabasePaths, dir: string): Promise<boolean> {
  const gone = join(collectionsDir, `${DROPPED}${randomUUID()}`);
  if (!(await moveAway(dir, gone))) return false;
  await nodeStorage.syncDir(collectionsDir);
  await rm(gone, { recursive: true, force: true });
  return true;
}

/** What was made under the temporary name of `dir` becomes the collection, in the place of the one there is. */
export async function replaceFolder({ collectionsDir }: DatabasePaths, name: string): Promise<void> {
  const dir = join(collectionsDir, name);
  const before = join(collectionsDir, `${REPLACED}${name}`);
  if (await exists(dir)) await rm(before, { recursive: true, force: true });
  const stood = await moveAway(dir, before);
  try {
    await publishFolder(dir);
  } catch (error) {
    if (stood) await moveAway(before, dir);
    throw error;
  }
  if (stood) await rm(before, { recursive: true, force: true });
}

/** The same where there is none: ALREADY_EXISTS otherwise. */
export async function publishFolder(dir: string): Promise<void> {
  const temporary = temporaryName(dir);
  try {
    await rename(temporary, dir);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (errnoOf(error) === 'ENOTEMPTY' || errnoOf(error) === 'EEXIST') throw alreadyExists(dir);
    throw systemError(error, 'rename', temporary);
  }
  await nodeStorage.syncDir(join(dir, '..'));
}

export function alreadyExists(dir: string): VamanaError {
  return new VamanaError('ALREADY_EXISTS', `${dir} stands already: a collection of that name exists`);
}

async function moveAway(dir: string, to: string): Promise<boolean> {
  try {
    await rename(dir, to);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw systemError(error, 'rename', dir);
  }
}
