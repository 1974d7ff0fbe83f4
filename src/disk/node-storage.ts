// Storage on the file system of this machine, through node:fs/promises. No policy here: one method, one call.
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, statfs, unlink } from 'node:fs/promises';
import type { FreeSpace, OpenMode, Storage, StorageFile } from './storage.js';
import { errnoOf, systemError } from './system-error.js';

class NodeStorage implements Storage {
  async open(path: string, mode: OpenMode): Promise<StorageFile> {
    const action = mode === 'create' ? 'create' : 'open';
    return new NodeFile(path, await call(action, path, () => open(path, OPEN_FLAGS[mode])));
  }

  rename(from: string, to: string): Promise<void> {
    return call('rename', `${from} to ${to}`, () => rename(from, to));
  }

  unlink(path: string): Promise<void> {
    return call('remove', path, () => unlink(path));
  }

  async mkdir(path: string): Promise<void> {
    try {
      await mkdir(path);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw systemError(error, 'make folder', path);
    }
  }

  list(path: string): Promise<string[]> {
    return call('list', path, () => readdir(path));
  }

  syncDir(path: string): Promise<void> {
    return call('sync folder', path, () => syncFolder(path));
  }

  async freeSpace(path: string): Promise<FreeSpace> {
    const { bavail, blocks, bsize } = await call('ask for the free space of', path, () => statfs(path));
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  }
}

class NodeFile implements StorageFile {
  constructor(
    readonly path: string,
    private readonly handle: FileHandle,
  ) {}

  async size(): Promise<number> {
    return (await call('stat', this.path, () => this.handle.stat())).size;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafeSlow(length);
    let done = 0;
    while (done < length) {
      const from = done;
      const { bytesRead } = await call('read', this.path, () =>
        this.handle.read(buffer, from, length - from, offset + from),
      );
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return buffer.subarray(0, done);
  }

  write(buffers: readonly Uint8Array[], offset: number): Promise<void> {
    return call('write', this.path, () => writeAll(this.handle, buffers, offset));
  }

  truncate(size: number): Promise<void> {
    return call('truncate', this.path, () => this.handle.truncate(size));
  }

  datasync(): Promise<void> {
    return call('sync', this.path, () => this.handle.datasync());
  }

  close(): Promise<void> {
    return call('close', this.path, () => this.handle.close());
  }
}

export const nodeStorage: Storage = new NodeStorage();

/** Writes all of the buffers, however many calls the system wants for it. */
export async function writeAll(handle: FileHandle, buffers: readonly Uint8Array[], offset: number): Promise<void> {
  let rest = buffers.filter((buffer) => buffer.length > 0);
  let at = offset;
  while (rest.length > 0) {
    let { bytesWritten } = await handle.writev(rest, at);
    at += bytesWritten;
    let whole = 0;
    for (const buffer of rest) {
      if (bytesWritten < buffer.length) break;
      bytesWritten -= buffer.length;
      whole += 1;
    }
    rest = rest.slice(whole);
    if (rest[0] !== undefined) rest[0] = rest[0].subarray(bytesWritten);
  }
}

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

// Without O_TRUNC: a file that is opened to be written is continued, never emptied.
const OPEN_FLAGS: Readonly<Record<OpenMode, number>> = {
  read: constants.O_RDONLY,
  write: constants.O_RDWR,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
};

async function call<Result>(action: string, path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw systemError(error, action, path);
  }
}
