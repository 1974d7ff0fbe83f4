// A snapshot as one file, to be kept, sent and taken back: a tar archive, not compressed, of
//
//   <notes>.json          small files of the caller's, beside the snapshot
//   snapshot/<path>       the files of the snapshot's folder, `snapshot/SNAPSHOT` among them
//
// Memory is bounded whatever the size. What is unpacked comes from strangers: only plain files of such names are taken,
// nothing is written outside of the new folder, and nothing is believed; the list in the folder is what is verified.
import { createHash } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { create, extract, type ReadEntry } from 'tar';
import { listFiles, makeFolders, openRead, syncFolders } from '../disk/file-copy.js';
import { syncFolder } from '../disk/node-storage.js';
import { errnoOf, systemError } from '../disk/system-error.js';
import { VamanaError } from '../errors.js';
import { isInside } from './snapshot-list.js';

export interface ArchiveSum {
  bytes: number;
  /** Of all bytes, lower-case hexadecimal. */
  sha256: string;
}

/** Where the snapshot lies in what is packed and unpacked. */
export const SNAPSHOT_FOLDER = 'snapshot';

const BLOCK_BYTES = 1024 * 1024;
const NOTES_BYTES_MAX = 1024 * 1024;
const NOTES_NAME = /^[a-z]+\.json$/;
/** "ustar", where the header of the first file of a tar archive has it. */
const MAGIC = { offset: 257, bytes: Buffer.from('ustar') };

/** All files below `dir` into a new file, which is durable when it resolves. ALREADY_EXISTS, DISK_FULL, IO, ABORTED. */
export async function packArchive(dir: string, target: string, signal?: AbortSignal): Promise<ArchiveSum> {
  const paths = await listFiles(dir);
  const stream = create({ cwd: dir, portable: true, maxReadSize: BLOCK_BYTES }, paths);
  try {
    const sum = await saveStream(stream as AsyncIterable<Uint8Array>, target, { signal });
    await syncFolder(dirname(target));
    return sum;
  } catch (error) {
    throw systemError(error, 'pack', target);
  }
}

export interface SaveOptions {
  signal?: AbortSignal | undefined;
  /** INVALID_ARGUMENT beyond it. */
  bytesMax?: number;
}

/** A stream into a new file, which is durable when it resolves (its name is not), and gone when it rejects. */
export async function saveStream(
  stream: AsyncIterable<Uint8Array>,
  target: string,
  { signal, bytesMax = Number.POSITIVE_INFINITY }: SaveOptions = {},
): Promise<ArchiveSum> {
  const hash = createHash('sha256');
  let bytes = 0;
  let file: FileHandle | undefined;
  try {
    file = await open(target, 'wx');
    for await (const chunk of stream) {
      if (signal?.aborted === true) throw new VamanaError('ABORTED', `writing ${target} was cancelled`);
      bytes += chunk.length;
      if (bytes > bytesMax) throw new VamanaError('INVALID_ARGUMENT', `found more than ${bytesMax} bytes to be kept`);
      hash.update(chunk);
      await file.writeFile(chunk);
    }
    await file.sync();
    return { bytes, sha256: hash.digest('hex') };
  } catch (error) {
    if (file !== undefined) await rm(target, { force: true }).catch(() => undefined);
    throw systemError(error, 'write', target);
  } finally {
    await file?.close();
  }
}

export async function sumArchive(path: string, signal?: AbortSignal): Promise<ArchiveSum> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of readBlocks(path, signal)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/**
 * Into a new folder, durable when it resolves, and gone when it rejects. CORRUPT for what is no archive of a snapshot;
 * whether the snapshot in it is sound is for verifySnapshot to say.
 */
export async function unpackArchive(path: string, dir: string): Promise<void> {
  await requireTar(path);
  await makeFolders(dir, []);
  try {
    await extractFiles(path, dir);
    for (const file of await listFiles(dir)) await syncFile(join(dir, file));
    await syncFolders(dir);
  } catch (error) {
    await rm(dir, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  }
}

// The parser also takes what is compressed, where a small file may unpack to a very large one.
async function requireTar(path: string): Promise<void> {
  const file = await openRead(path);
  try {
    const found = Buffer.alloc(MAGIC.bytes.length);
    await file.read(found, 0, found.length, MAGIC.offset);
    if (!found.equals(MAGIC.bytes)) throw noSnapshot(path, 'it is no tar archive');
  } finally {
    await file.close();
  }
}

async function extractFiles(path: string, dir: string): Promise<void> {
  let strange: string | null = null;
  const filter = (name: string, entry: object): boolean => {
    const { type, size } = entry as ReadEntry;
    if (type === 'Directory') return false; // made as their files ask for them
    const isNote = NOTES_NAME.test(name) && size <= NOTES_BYTES_MAX;
    const isFile = name.startsWith(`${SNAPSHOT_FOLDER}/`) && isInside(name);
    if ((type === 'File' || type === 'OldFile') && (isNote || isFile)) return true;
    strange ??= `found ${type} ${JSON.stringify(name.slice(0, 200))} in it`;
    return false;
  };
  try {
    await extract({ file: path, cwd: dir, strict: true, noMtime: true, preserveOwner: false, filter });
  } catch (error) {
    if (errnoOf(error).startsWith('TAR_')) throw noSnapshot(path, String(error));
    throw systemError(error, 'unpack', path);
  }
  if (strange !== null) throw noSnapshot(path, strange);
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } catch (error) {
    throw systemError(error, 'sync', path);
  } finally {
    await file.close();
  }
}

async function* readBlocks(path: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void> {
  const file = await openRead(path);
  try {
    for (let offset = 0; ; ) {
      if (signal?.aborted === true) throw new VamanaError('ABORTED', `reading ${path} was cancelled`);
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(BLOCK_BYTES), 0, BLOCK_BYTES, offset);
      if (bytesRead === 0) return;
      offset += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw systemError(error, 'read', path);
  } finally {
    await file.close();
  }
}

function noSnapshot(path: string, found: string): VamanaError {
  return new VamanaError('CORRUPT', `${path}: expected an archive of a snapshot; ${found}`);
}
