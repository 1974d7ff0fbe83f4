// Whole files, copied, linked and summed, for what is made of a collection's files without looking into them:
// snapshots and restores. In blocks, so memory is bounded whatever the size. Not for the log and the manifest of an
// open collection, which go through Storage.
import { constants } from 'node:fs';
import { type FileHandle, link, mkdir, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { VamanaError } from '../errors.js';
import { syncFolder, writeAll } from './node-storage.js';
import { errnoOf, systemError } from './system-error.js';

export interface FileSum {
  bytes: number;
  /** CRC-32 of all bytes. */
  crc32: number;
}

export interface CopyOptions {
  signal?: AbortSignal;
  /** Hears of bytes as they are read. */
  onBytes?: (bytes: number) => void;
}

const BLOCK_BYTES = 4 * 1024 * 1024;

export async function sumFile(path: string, options: CopyOptions = {}): Promise<FileSum> {
  const file = await openRead(path);
  try {
    return await readBlocks(path, file, options);
  } finally {
    await file.close();
  }
}

/** Into a new file, durable when it resolves (its name is not: see syncFolders). `from` stays open. */
export async function copyFile(
  from: { path: string; file: FileHandle },
  to: string,
  options: CopyOptions = {},
): Promise<FileSum> {
  const target = await call('create', to, () => open(to, 'wx'));
  try {
    const sum = await readBlocks(from.path, from.file, options, (block, offset) =>
      call('write', to, () => writeAll(target, [block], offset)),
    );
    await call('sync', to, () => target.sync());
    return sum;
  } finally {
    await target.close();
  }
}

export function openRead(path: string): Promise<FileHandle> {
  return call('open', path, () => open(path, constants.O_RDONLY));
}

/** A second name for the same file; false where that is not possible: another file system, or one without links. */
export async function linkFile(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (LINK_REFUSED.has(errnoOf(error))) return false;
    throw systemError(error, `link ${from} to`, to);
  }
}

const LINK_REFUSED = new Set(['EXDEV', 'EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

export function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error) => {
      if (errnoOf(error) === 'ENOENT') return false;
      throw systemError(error, 'look for', path);
    },
  );
}

export async function fileBytes(path: string): Promise<number> {
  return (await call('look at', path, () => stat(path))).size;
}

/** The files below a folder, as paths from it with forward slashes, sorted. CORRUPT for what is neither. */
export async function listFiles(dir: string, below = ''): Promise<string[]> {
  const files: string[] = [];
  const entries = await call('list', join(dir, below), () => readdir(join(dir, below), { withFileTypes: true }));
  for (const entry of entries) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) files.push(...(await listFiles(dir, path)));
    else if (entry.isFile()) files.push(path);
    else throw new VamanaError('CORRUPT', `${join(dir, path)}: found neither a file nor a folder; remove it`);
  }
  return files.sort();
}

/** Makes the folders of these paths. */
export async function makeFolders(dir: string, paths: readonly string[]): Promise<void> {
  await call('make folder', dir, () => mkdir(dir));
  for (const folder of foldersOf(paths)) {
    await call('make folder', join(dir, folder), () => mkdir(join(dir, folder), { recursive: true }));
  }
}

/** Makes every name in a folder and below durable; not the folder's own. */
export async function syncFolders(dir: string): Promise<void> {
  const entries = await call('list', dir, () => readdir(dir, { withFileTypes: true }));
  for (const entry of entries) if (entry.isDirectory()) await syncFolders(join(dir, entry.name));
  await call('sync folder', dir, () => syncFolder(dir));
}

function foldersOf(paths: readonly string[]): Set<string> {
  return new Set(paths.filter((path) => path.includes('/')).map((path) => path.slice(0, path.lastIndexOf('/'))));
}

async function readBlocks(
  path: string,
  file: FileHandle,
  { signal, onBytes }: CopyOptions,
  write?: (block: Uint8Array, offset: number) => Promise<void>,
): Promise<FileSum> {
  const buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  let bytes = 0;
  let sum = 0;
  for (;;) {
    if (signal?.aborted === true) throw new VamanaError('ABORTED', `reading ${path} was cancelled`);
    const { bytesRead } = await call('read', path, () => file.read(buffer, 0, BLOCK_BYTES, bytes));
    if (bytesRead === 0) return { bytes, crc32: sum };
    const block = buffer.subarray(0, bytesRead);
    sum = crc32(block, sum);
    await write?.(block, bytes);
    bytes += bytesRead;
    onBytes?.(bytesRead);
  }
}

async function call<Result>(action: string, path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw systemError(error, action, path);
  }
}
