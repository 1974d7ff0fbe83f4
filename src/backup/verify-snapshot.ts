// Whether a snapshot is what it was when it was taken: its list is whole, and the folder holds exactly the files that
// the list names, each with its size and checksum; and whether this program can read what is in them. Reads every
// byte, changes nothing. Called by `vamana verify`, and by restore.ts before anything else is done.
import { join } from 'node:path';
import type { CollectionConfig } from '../config/collection-config.js';
import { listFiles, sumFile } from '../disk/file-copy.js';
import { CollectionPaths, SNAPSHOT_LIST } from '../disk/file-names.js';
import { nodeStorage } from '../disk/node-storage.js';
import { asVamanaError, VamanaError } from '../errors.js';
import { ManifestStore } from '../manifest/manifest-store.js';
import { inspectIndex } from '../segment/check-index.js';
import { formatCrc, readSnapshotList, type SnapshotFile, type SnapshotList } from './snapshot-list.js';

export interface SnapshotProblem {
  code: string;
  message: string;
}

export interface SnapshotReport extends SnapshotList {
  /** Of all files. */
  bytes: number;
  /** None when the snapshot is sound. */
  problems: SnapshotProblem[];
}

export interface VerifySnapshotOptions {
  signal?: AbortSignal;
  /** Bytes checked so far. */
  onProgress?: (progress: { stage: string; done: number; total: number }) => void;
}

/** NOT_FOUND (no snapshot), CORRUPT and TOO_NEW (its list), IO, ABORTED; what is wrong otherwise is in the report. */
export async function verifySnapshot(dir: string, options: VerifySnapshotOptions = {}): Promise<SnapshotReport> {
  const { signal, onProgress } = options;
  const list = await readSnapshotList(dir);
  const total = list.files.reduce((sum, { bytes }) => sum + bytes, 0);
  const problems = await checkNames(dir, list);
  const missing = problems.length > 0;
  let done = 0;
  for (const file of list.files) {
    const problem = await checkFile(dir, file, {
      ...(signal === undefined ? {} : { signal }),
      onBytes: (bytes) => {
        done += bytes;
        onProgress?.({ stage: 'verify', done: Math.min(done, total), total });
      },
    });
    if (problem !== null) problems.push(problem);
  }
  if (!missing && problems.length === 0) problems.push(...(await checkReadable(dir, list)));
  return { ...list, bytes: total, problems };
}

/** The snapshot's list, when nothing is wrong with it; rejects with the first problem otherwise. */
export async function requireSoundSnapshot(dir: string, options: VerifySnapshotOptions = {}): Promise<SnapshotList> {
  const { problems, bytes: _bytes, ...list } = await verifySnapshot(dir, options);
  const first = problems[0];
  if (first === undefined) return list;
  const more = problems.length === 1 ? '' : `; ${problems.length - 1} more problems`;
  const code = asVamanaError(Object.assign(new Error(first.message), { code: first.code })).code;
  throw new VamanaError(code, `${first.message}${more}; nothing was changed`);
}

async function checkNames(dir: string, list: SnapshotList): Promise<SnapshotProblem[]> {
  const found = new Set(await listFiles(dir));
  found.delete(SNAPSHOT_LIST);
  const problems: SnapshotProblem[] = [];
  for (const { path } of list.files) {
    if (!found.delete(path)) problems.push({ code: 'CORRUPT', message: `${join(dir, path)} is missing` });
  }
  for (const path of found) {
    problems.push({ code: 'CORRUPT', message: `${join(dir, path)} does not belong to the snapshot; remove it` });
  }
  return problems;
}

async function checkFile(
  dir: string,
  { path, bytes, crc32 }: SnapshotFile,
  options: Parameters<typeof sumFile>[1],
): Promise<SnapshotProblem | null> {
  try {
    const sum = await sumFile(join(dir, path), options);
    if (sum.bytes !== bytes) {
      return { code: 'CORRUPT', message: `${join(dir, path)}: found ${sum.bytes} bytes, expected ${bytes}` };
    }
    const crc = formatCrc(sum.crc32);
    if (crc === crc32) return null;
    return { code: 'CORRUPT', message: `${join(dir, path)}: its CRC-32 is ${crc}, expected ${crc32}` };
  } catch (thrown) {
    const { code, message } = asVamanaError(thrown);
    if (code === 'ABORTED') throw thrown;
    // Told already.
    return code === 'NOT_FOUND' ? null : { code, message };
  }
}

// The bytes are those that were written; a later release may have written them.
async function checkReadable(dir: string, { uuid }: SnapshotList): Promise<SnapshotProblem[]> {
  try {
    const { current } = await ManifestStore.open<CollectionConfig>(nodeStorage, dir);
    if (current.uuid !== uuid) {
      return [{ code: 'CORRUPT', message: `${dir}: its manifest is of collection ${current.uuid}, expected ${uuid}` }];
    }
    const paths = new CollectionPaths(dir);
    for (const { number } of current.segments) await inspectIndex(paths.segment(number));
    return [];
  } catch (thrown) {
    const { code, message } = asVamanaError(thrown);
    return [{ code, message }];
  }
}
