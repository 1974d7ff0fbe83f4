// A file that appears whole or not at all: written under a temporary name beside its target, synced, given its
// name, and the folder synced. Called by vector-writer.ts.
import { randomBytes } from 'node:crypto';
import { type FileHandle, link, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncFolder, writeAll } from '../disk/node-storage.js';
import { errnoOf, systemError } from '../disk/system-error.js';
import { VamanaError } from '../errors.js';
import { invalidArgument } from './faults.js';

export class AtomicFile {
  private isOpen = true;

  private constructor(
    private readonly target: string,
    private readonly temporary: string,
    private readonly handle: FileHandle,
    private readonly force: boolean,
  ) {}

  /** ALREADY_EXISTS when the target stands and `force` is off; then and on any other error nothing is made. */
  static async create(path: string, force: boolean): Promise<AtomicFile> {
    const target = await resolveTarget(path, force);
    const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
    try {
      return new AtomicFile(target, temporary, await open(temporary, 'wx'), force);
    } catch (error) {
      throw systemError(error, 'create a file beside', target);
    }
  }

  /** Writes all of `bytes` at `offset`. */
  async write(bytes: Uint8Array, offset: number): Promise<void> {
    try {
      await writeAll(this.handle, [bytes], offset);
    } catch (error) {
      throw systemError(error, 'write', this.target);
    }
  }

  /**
   * Makes the file durable under its name. On failure the temporary file is gone and the target is as it was,
   * unless the folder's sync alone failed: then the new file stands, but a power loss may undo it.
   */
  async commit(): Promise<void> {
    try {
      await this.handle.sync();
      await this.close();
      await (this.force ? rename(this.temporary, this.target) : this.publishNew());
      await syncFolder(dirname(this.target));
    } catch (error) {
      await this.discard();
      throw publishError(error, this.target);
    }
  }

  /** Removes what was written. Idempotent; harmless after commit(). */
  async discard(): Promise<void> {
    await this.close().catch(() => undefined);
    await unlink(this.temporary).catch(() => undefined);
  }

  // A hard link fails where something stands already, which a rename would silently replace.
  private async publishNew(): Promise<void> {
    try {
      await link(this.temporary, this.target);
    } catch (error) {
      if (!LINK_REFUSED.has(errnoOf(error))) throw error;
      if (await exists(this.target)) throw alreadyExists(this.target);
      await rename(this.temporary, this.target);
      return;
    }
    await unlink(this.temporary);
  }

  private async close(): Promise<void> {
    if (!this.isOpen) return;
    this.isOpen = false;
    await this.handle.close();
  }
}

// File systems without hard links.
const LINK_REFUSED = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

// Through a symbolic link to the file it names, so that replacing keeps the link.
async function resolveTarget(path: string, force: boolean): Promise<string> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw invalidArgument(`${path} is not a regular file and cannot be replaced by one`);
    if (!force) throw alreadyExists(path);
    return await realpath(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return path;
    throw systemError(error, 'look for', path);
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function publishError(error: unknown, target: string): VamanaError {
  return errnoOf(error) === 'EEXIST' ? alreadyExists(target) : systemError(error, 'publish', target);
}

function alreadyExists(path: string): VamanaError {
  return new VamanaError('ALREADY_EXISTS', `${path} exists already; choose another name or overwrite it (--force)`);
}
