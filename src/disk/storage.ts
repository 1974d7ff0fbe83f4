// The calls through which the write-ahead log and the manifest touch files, and nothing more: what is durable
// after which of them is the contract that recovery is built on. node-storage.ts is the real one; the tests have
// one that loses power. Not for bulk data: vectors and segments are read and written by the addon.
//
// Durability: bytes are durable after `datasync`, names (of new, renamed and removed files) after `syncDir` of
// their folder. Between calls anything may have reached the disk, or nothing. A sync that failed says nothing
// about what is durable and must not be repeated and believed: what it was to sync is written again.
//
// Every call rejects with a VamanaError: DISK_FULL, NOT_FOUND, ALREADY_EXISTS, else IO, with path and cause.

export interface FreeSpace {
  /** Bytes that this process may still write. */
  freeBytes: number;
  totalBytes: number;
}

/** `read`: an existing file; `write`: an existing file, read too; `create`: a new one, ALREADY_EXISTS otherwise. */
export type OpenMode = 'read' | 'write' | 'create';

export interface Storage {
  open(path: string, mode: OpenMode): Promise<StorageFile>;
  /** Replaces what stands under `to`, in one step. Both lie in the same folder. */
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Nothing happens where the folder stands already; its parent must stand. */
  mkdir(path: string): Promise<void>;
  /** Names in a folder, in no order. */
  list(path: string): Promise<string[]>;
  syncDir(path: string): Promise<void>;
  freeSpace(path: string): Promise<FreeSpace>;
}

export interface StorageFile {
  readonly path: string;
  size(): Promise<number>;
  /** Fewer bytes only where the file ends. The buffer is the caller's, never used again. */
  read(offset: number, length: number): Promise<Buffer>;
  /** Writes the buffers one behind the other, whole; after a failure any part of them may stand in the file. */
  write(buffers: readonly Uint8Array[], offset: number): Promise<void>;
  truncate(size: number): Promise<void>;
  datasync(): Promise<void>;
  close(): Promise<void>;
}

/** Opens, works, closes; what went wrong in the work is not hidden by what goes wrong in closing. */
export async function withFile<Result>(
  storage: Storage,
  path: string,
  mode: OpenMode,
  work: (file: StorageFile) => Promise<Result>,
): Promise<Result> {
  const file = await storage.open(path, mode);
  let result: Result;
  try {
    result = await work(file);
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
  await file.close();
  return result;
}
