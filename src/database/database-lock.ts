// Who may touch a database's folder: one process at a time, held by flock on its file LOCK until the process lets go or
// ends, however it does. What the file says (process and URL) is for people only.
import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { loadNative, type NativeLock } from '../binding.js';
import { exists } from '../disk/file-copy.js';
import { DatabasePaths } from '../disk/file-names.js';
import { systemError } from '../disk/system-error.js';
import { asVamanaError, VamanaError } from '../errors.js';

/** LOCKED, naming the holder. */
export async function lockDatabase({ lock: path }: DatabasePaths, url?: string): Promise<NativeLock> {
  let lock: NativeLock;
  try {
    lock = loadNative().lockFile(path);
  } catch (thrown) {
    const error = asVamanaError(thrown);
    if (error.code !== 'LOCKED') throw error;
    throw new VamanaError('LOCKED', `${path} is held by ${await holder(path)}; close it there first`, { cause: error });
  }
  try {
    await writeFile(path, `${JSON.stringify({ pid: process.pid, url: url ?? null })}\n`);
    return lock;
  } catch (error) {
    lock.release();
    throw systemError(error, 'write', path);
  }
}

/** Of the database that the folder of a collection lies in; null where it lies in none, as a copy does. */
export async function lockAround(collectionDir: string): Promise<NativeLock | null> {
  const above = dirname(resolve(collectionDir));
  const paths = new DatabasePaths(dirname(above));
  if (basename(above) !== basename(paths.collectionsDir) || !(await exists(paths.lock))) return null;
  return lockDatabase(paths);
}

async function holder(path: string): Promise<string> {
  try {
    const { pid, url } = JSON.parse(await readFile(path, 'utf8')) as { pid: number; url: string | null };
    return url === null ? `process ${pid}` : `process ${pid}, which serves ${url}`;
  } catch {
    return 'another process';
  }
}
