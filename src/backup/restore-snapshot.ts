// The files of a sound snapshot as a folder that can be opened as a collection: verified first, then copied (segments,
// which never change, get a second name where that is possible), each copy compared with the list once more, and made
// durable. The snapshot is not changed. Under which name the folder ends is the caller's business: database/.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { copyFile, linkFile, makeFolders, openRead, syncFolders } from '../disk/file-copy.js';
import { CollectionPaths } from '../disk/file-names.js';
import { nodeStorage } from '../disk/node-storage.js';
import { VamanaError } from '../errors.js';
import { formatCrc, type SnapshotFile, type SnapshotList } from './snapshot-list.js';
import { requireSoundSnapshot, type VerifySnapshotOptions } from './verify-snapshot.js';

/** On failure nothing is left under `target`. What lay there before is removed once the snapshot is verified. */
export async function unpackSnapshot(
  dir: string,
  target: string,
  options: VerifySnapshotOptions = {},
): Promise<SnapshotList> {
  const list = await requireSoundSnapshot(dir, options);
  await rm(target, { recursive: true, force: true });
  try {
    await makeFolders(
      target,
      list.files.map(({ path }) => path),
    );
    for (const file of list.files) await unpack(dir, target, file, options);
    // A log and segments without files left no folder in the list.
    const paths = new CollectionPaths(target);
    for (const folder of [paths.walDir, paths.segmentsDir]) await nodeStorage.mkdir(folder);
    await syncFolders(target);
  } catch (error) {
    await rm(target, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  }
  return list;
}

async function unpack(
  dir: string,
  target: string,
  { path, bytes, crc32 }: SnapshotFile,
  { signal }: VerifySnapshotOptions,
): Promise<void> {
  const from = join(dir, path);
  if (path.startsWith('segments/') && (await linkFile(from, join(target, path)))) return;
  const file = await openRead(from);
  try {
    const sum = await copyFile({ path: from, file }, join(target, path), signal === undefined ? {} : { signal });
    if (sum.bytes === bytes && formatCrc(sum.crc32) === crc32) return;
    throw new VamanaError('CORRUPT', `${from} changed while it was restored; nothing was changed`);
  } finally {
    await file.close();
  }
}
