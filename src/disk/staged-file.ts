// A file that appears whole or not at all, on any Storage: written under a temporary name beside its target and
// synced (`stageFile`), then renamed over it and the folder synced (`publish`). The two steps are apart because
// they fail apart: before the rename nothing has happened; from the rename on nobody knows what a power loss
// would leave, and the caller must stop until it has been settled. Called by wal/ and manifest/.
import { dirname } from 'node:path';
import { VamanaError } from '../errors.js';
import { temporaryName } from './file-names.js';
import { type Storage, withFile } from './storage.js';

export interface StagedFile {
  /** Once this has begun the outcome is known only when it succeeds. */
  publish(): Promise<void>;
  /** Removes what was staged; never fails, since a file left over is overwritten by the next of its name. */
  discard(): Promise<void>;
}

/** Durable bytes under the temporary name. On failure nothing is left and the target is as it was. */
export async function stageFile(storage: Storage, target: string, buffers: readonly Uint8Array[]): Promise<StagedFile> {
  const temporary = temporaryName(target);
  const discard = (): Promise<void> => storage.unlink(temporary).catch(() => undefined);
  try {
    await removeLeftover(storage, temporary);
    await withFile(storage, temporary, 'create', async (file) => {
      await file.write(buffers, 0);
      await file.datasync();
    });
  } catch (error) {
    await discard();
    throw error;
  }
  return {
    discard,
    async publish() {
      await storage.rename(temporary, target);
      await storage.syncDir(dirname(target));
    },
  };
}

/** Both steps, for callers that stop after any failure. */
export async function replaceFile(storage: Storage, target: string, buffers: readonly Uint8Array[]): Promise<void> {
  await (await stageFile(storage, target, buffers)).publish();
}

async function removeLeftover(storage: Storage, path: string): Promise<void> {
  try {
    await storage.unlink(path);
  } catch (error) {
    if (!(error instanceof VamanaError && error.code === 'NOT_FOUND')) throw error;
  }
}
