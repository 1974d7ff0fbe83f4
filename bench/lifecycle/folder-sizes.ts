// What a collection takes on the disk, by part: segments that are searched and those kept for a rollback, metadata, log.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Collection } from '../../src/index.js';

export interface FolderSizes {
  segments: number;
  /** Replaced, until their grace is over; and what a job in flight has written so far. */
  retired: number;
  metadata: number;
  log: number;
  total: number;
}

export function folderSizes(database: string, collection: Collection): FolderSizes {
  const dir = join(database, 'collections', collection.name);
  const segments = collection.status().segments.reduce((sum, { bytes }) => sum + bytes, 0);
  const all = bytesBelow(join(dir, 'segments'));
  const metadata = bytesBelow(join(dir, 'meta'));
  const log = bytesBelow(join(dir, 'wal'));
  return { segments, retired: Math.max(0, all - segments), metadata, log, total: bytesBelow(dir) };
}

// Blocks, not lengths: files have holes and are made longer before they are written. What goes meanwhile counts nothing.
function bytesBelow(folder: string): number {
  let bytes = 0;
  for (const entry of listOf(folder)) {
    const path = join(folder, entry.name);
    bytes += entry.isDirectory() ? bytesBelow(path) : (statSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512;
  }
  return bytes;
}

function listOf(folder: string): ReturnType<typeof entriesOf> {
  try {
    return entriesOf(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

function entriesOf(folder: string) {
  return readdirSync(folder, { withFileTypes: true });
}
