// A look at LMDB's file before lmdb opens it: lmdb ends the process over a file that is none of its own, and over
// one that was cut short as soon as a missing page is read. Called by openTables. The offsets are those of the
// LMDB that lmdb 3.5 is built with; a later one that moves them fails the test of this file.
//
//   offset  size  type  (little-endian; a copy for odd transactions begins at the page size, and the last synced
//   24      4     u32   one at half of it)                                     magic, 0xbeefc0de
//   48      4     u32                                                          page size
//   144     8     u64                                                          last page in use
//   152     8     u64                                                          transaction
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { VamanaError } from '../errors.js';

const MAGIC = 0xbeefc0de;
const PAGE_BYTES_MIN = 512;
const PAGE_BYTES_MAX = 65_536;

/** CORRUPT when the folder holds a file that LMDB cannot have left there. No file at all is fine. */
export function checkEnvironmentFile(folder: string): void {
  const path = join(folder, 'data.mdb');
  const file = openExisting(path);
  if (file === undefined) return;
  try {
    checkFile(file, path);
  } finally {
    closeSync(file);
  }
}

function checkFile(file: number, path: string): void {
  const { size } = fstatSync(file);
  // A process that was killed while it made the file.
  if (size === 0) return;
  const pages = Buffer.alloc(2 * PAGE_BYTES_MAX);
  const head = pages.subarray(0, readSync(file, pages, 0, pages.length, 0));
  const pageBytes = head.length < 160 ? 0 : head.readUInt32LE(48);
  const isPowerOfTwo = (pageBytes & (pageBytes - 1)) === 0;
  if (!isPowerOfTwo || pageBytes < PAGE_BYTES_MIN || pageBytes > PAGE_BYTES_MAX || head.length < 2 * pageBytes) {
    throw corrupt(path, 48, `page size ${pageBytes} in a file of ${size} bytes`);
  }
  for (const at of [0, pageBytes]) {
    const magic = head.readUInt32LE(at + 24);
    if (magic !== MAGIC) throw corrupt(path, at + 24, `magic ${magic.toString(16)}, expected ${MAGIC.toString(16)}`);
  }
  const synced = pageBytes / 2;
  if (head.readBigUInt64LE(synced + 152) === 0n) return;
  const bytes = (head.readBigUInt64LE(synced + 144) + 1n) * BigInt(pageBytes);
  if (bytes > BigInt(size)) throw corrupt(path, synced + 144, `a file of ${size} bytes, expected ${bytes} at least`);
}

function openExisting(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new VamanaError('IO', `open ${path}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function corrupt(path: string, offset: number, found: string): VamanaError {
  return new VamanaError(
    'CORRUPT',
    `${path}: at byte ${offset}: found ${found}; this is no LMDB file, or part of one; restore it from a snapshot`,
  );
}
