// Another log in the place of a damaged one, which is kept under another name. Two renames of folders, so there is a
// moment without a log: it is told by the new one's lying there under its temporary name while nothing has the final
// one, and opening a collection then does the second rename. Without that it would take the log for empty.
import { basename, dirname } from 'node:path';
import { temporaryName } from '../disk/file-names.js';
import type { Storage } from '../disk/storage.js';

/** The new log is whole and durable under the temporary name of `walDir`. */
export async function replaceLog(storage: Storage, walDir: string, keptIn: string): Promise<void> {
  await storage.syncDir(dirname(walDir));
  await storage.rename(walDir, keptIn);
  await storage.syncDir(dirname(walDir));
  await finishReplacing(storage, walDir);
}

/** The second of the renames, where only the first was done. */
export async function finishReplacing(storage: Storage, walDir: string): Promise<void> {
  const names = await storage.list(dirname(walDir));
  if (names.includes(basename(walDir)) || !names.includes(basename(temporaryName(walDir)))) return;
  await storage.rename(temporaryName(walDir), walDir);
  await storage.syncDir(dirname(walDir));
}
