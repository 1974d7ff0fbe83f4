// The authority on the bytes of `SNAPSHOT`, the list that makes a folder a snapshot: a sealed JSON document
// (disk/sealed-text.ts) whose first line is "vamana-snapshot <format version>". It is written last, so a folder that
// has one was whole; it names every other file with its size and CRC-32, and nothing else may lie there.
import { join } from 'node:path';
import { SNAPSHOT_LIST } from '../disk/file-names.js';
import { nodeStorage } from '../disk/node-storage.js';
import { type SealedFormat, seal, sealedCorrupt, unseal } from '../disk/sealed-text.js';
import { withFile } from '../disk/storage.js';
import { VamanaError } from '../errors.js';

export const SNAPSHOT_FORMAT_VERSION = 1;

export interface SnapshotFile {
  /** From the snapshot's folder, with forward slashes. */
  path: string;
  bytes: number;
  /** CRC-32 of all bytes, 8 lower-case hexadecimal digits. */
  crc32: string;
}

export interface SnapshotList {
  /** The name of the collection it was taken of. */
  name: string;
  /** Of the collection. */
  uuid: string;
  /** When the snapshot was taken. */
  createdAt: string;
  /** The record after which the collection was so. */
  seq: number;
  /** Live points. */
  points: number;
  /** Ascending by path. */
  files: SnapshotFile[];
}

const FORMAT: SealedFormat = {
  name: 'vamana-snapshot',
  version: SNAPSHOT_FORMAT_VERSION,
  advice: 'the snapshot is damaged; use another one',
};

export function encodeSnapshotList(list: SnapshotList): Buffer {
  const problem = listProblem(list);
  if (problem !== null) throw new VamanaError('INTERNAL', `a snapshot to be written: ${problem}`);
  return seal(list, FORMAT);
}

/** CORRUPT or TOO_NEW, with `path`. */
export function decodeSnapshotList(bytes: Buffer, path: string): SnapshotList {
  const list = unseal(bytes, path, FORMAT);
  const problem = listProblem(list);
  if (problem === null) return list as SnapshotList;
  throw sealedCorrupt(path, 0, `not a list of a snapshot: ${problem}`, FORMAT);
}

/** NOT_FOUND where the folder has no list; CORRUPT, TOO_NEW, IO. */
export async function readSnapshotList(dir: string): Promise<SnapshotList> {
  const path = join(dir, SNAPSHOT_LIST);
  try {
    return await withFile(nodeStorage, path, 'read', async (file) => {
      return decodeSnapshotList(await file.read(0, await file.size()), path);
    });
  } catch (error) {
    if (!(error instanceof VamanaError && error.code === 'NOT_FOUND')) throw error;
    throw new VamanaError(
      'NOT_FOUND',
      `${dir} holds no ${SNAPSHOT_LIST}: it is no snapshot, or one that was cut short`,
      {
        cause: error,
      },
    );
  }
}

export function formatCrc(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}

function listProblem(found: unknown): string | null {
  if (typeof found !== 'object' || found === null) return 'expected an object';
  const list = found as Record<keyof SnapshotList, unknown>;
  for (const name of ['name', 'uuid', 'createdAt'] as const) {
    if (typeof list[name] !== 'string') return `${name}: expected a string`;
  }
  for (const name of ['seq', 'points'] as const) if (!isCount(list[name])) return `${name}: expected a count`;
  if (!Array.isArray(list.files)) return 'files: expected an array';
  let before = '';
  for (const [at, file] of (list.files as Partial<SnapshotFile>[]).entries()) {
    const { path, bytes, crc32 } = file ?? {};
    if (typeof path !== 'string' || !isInside(path) || path === SNAPSHOT_LIST) {
      return `files[${at}]: ${JSON.stringify(path)} is no path of a file in the folder`;
    }
    if (path <= before) return `files[${at}]: ${path} does not follow ${before}`;
    if (!isCount(bytes) || typeof crc32 !== 'string' || !/^[0-9a-f]{8}$/.test(crc32)) {
      return `files[${at}]: ${path} without size or CRC`;
    }
    before = path;
  }
  return null;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

// So that no list makes anybody read or write outside of its folder.
export function isInside(path: string): boolean {
  return path.split('/').every((part) => /^[\w.-]+$/.test(part) && part !== '.' && part !== '..');
}
