// The guard against a full disk: a write is refused while there still is space, because LMDB and the WAL cannot
// undo a write that failed half way. Called before every group of writes; one system call of microseconds.
import { statfsSync } from 'node:fs';
import { VamanaError } from '../errors.js';

/** Kept free: room for the WAL, for LMDB to grow and for deleting what can be deleted. */
export const DISK_RESERVE_BYTES_DEFAULT = 256 * 1024 * 1024;

/** Free bytes of the file system that holds `path`, for this user. */
export type MeasureFree = (path: string) => number;

/** DISK_FULL (507) when writing `bytes` more would leave less than `reserveBytes` free. */
export function checkSpace(
  path: string,
  bytes: number,
  reserveBytes: number,
  measureFree: MeasureFree = freeBytes,
): void {
  const free = measureFree(path);
  if (free - bytes >= reserveBytes) return;
  throw new VamanaError(
    'DISK_FULL',
    `${path}: ${free} bytes are free on this disk, and a write of about ${bytes} must leave ${reserveBytes}; ` +
      'free some space, or lower the reserve; reads go on',
  );
}

export function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}
