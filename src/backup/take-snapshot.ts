// A consistent copy of an open collection, in a new folder, while it is searched and written:
//
// 1. Between two groups of writes: the manifest and the metadata are pinned as values, the log is kept from being
//    dropped, and the files of the segments, which never change, get a second name in the copy; where that is not
//    possible they are held open. Writers wait for this step only.
// 2. What was held open is copied; of the log, the records above flushedSeq up to the pinned one; of the metadata, the
//    pinned read transaction. All of it is what it was at step 1, whatever is written meanwhile.
// 3. Every file is read once more for its checksum, and the list SNAPSHOT is written, last.
// 4. All is durable; then the folder gets its name by one rename.
//
// The copy is a collection's folder with a list in it. A process that ends midway leaves `<dir>.tmp-<uuid>`, which may
// be deleted. Called by Collection.snapshot.
import { randomUUID } from 'node:crypto';
import { type FileHandle, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { CollectionConfig } from '../config/collection-config.js';
import {
  type CopyOptions,
  copyFile,
  exists,
  fileBytes,
  linkFile,
  listFiles,
  makeFolders,
  openRead,
  sumFile,
  syncFolders,
} from '../disk/file-copy.js';
import { CollectionPaths } from '../disk/file-names.js';
import { syncFolder } from '../disk/node-storage.js';
import { replaceFile } from '../disk/staged-file.js';
import type { Storage } from '../disk/storage.js';
import { errnoOf, systemError } from '../disk/system-error.js';
import { VamanaError } from '../errors.js';
import { formatVersionOf, type Manifest } from '../manifest/manifest.js';
import { ManifestStore } from '../manifest/manifest-store.js';
import { copyMeta } from '../meta/copy-meta.js';
import type { MetaSnapshot } from '../meta/meta-snapshot.js';
import type { MetaStore } from '../meta/meta-store.js';
import { copyWal } from '../wal/copy-wal.js';
import type { WalWriter } from '../wal/wal-writer.js';
import { encodeSnapshotList, formatCrc, type SnapshotFile, type SnapshotList } from './snapshot-list.js';

export interface SnapshotSource {
  name: string;
  storage: Storage;
  paths: CollectionPaths;
  manifests: ManifestStore<CollectionConfig>;
  meta: MetaStore;
  wal: WalWriter;
  /** Runs the work between two groups of writes. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

export interface SnapshotProgress {
  stage: 'segments' | 'log' | 'metadata' | 'checksums';
  done: number;
  total: number;
}

export interface TakeSnapshotOptions {
  signal?: AbortSignal;
  onProgress?: (progress: SnapshotProgress) => void;
}

/** What was taken. */
export interface TakenSnapshot extends Omit<SnapshotList, 'files'> {
  dir: string;
  files: number;
  /** Of all files, and of those among them that share their bytes on the disk with the collection. */
  bytes: number;
  linkedBytes: number;
  /** How long writers waited. */
  pausedMs: number;
}

/** ALREADY_EXISTS where `dir` stands; NOT_FOUND where its parent does not; DISK_FULL, IO, CORRUPT, ABORTED, CLOSED. */
export async function takeSnapshot(
  source: SnapshotSource,
  dir: string,
  options: TakeSnapshotOptions = {},
): Promise<TakenSnapshot> {
  const target = resolve(dir);
  if (await exists(target)) throw new VamanaError('ALREADY_EXISTS', `${dir} stands already; choose a new folder`);
  const to = new CollectionPaths(join(dirname(target), `${basename(target)}.tmp-${randomUUID()}`));
  let pinned: Pinned | null = null;
  try {
    pinned = await pin(source, to);
    await copySegments(pinned, options);
    await copyRest(source, pinned, to, options);
    const list = await makeList(source.name, pinned, to, options);
    await replaceFile(source.storage, to.snapshotList, [encodeSnapshotList(list)]);
    await publish(to.dir, target);
    return report(dir, list, pinned, to);
  } catch (error) {
    await rm(to.dir, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  } finally {
    await pinned?.release();
  }
}

/** The collection of one moment, which stays as it is until it is released. */
interface Pinned {
  manifest: Manifest<CollectionConfig>;
  meta: MetaSnapshot;
  createdAt: string;
  segments: PinnedFile[];
  pausedMs: number;
  release(): Promise<void>;
}

/** A file of a segment; open where it is to be copied, null where it was linked. */
interface PinnedFile {
  from: string;
  to: string;
  file: FileHandle | null;
}

async function pin(source: SnapshotSource, to: CollectionPaths): Promise<Pinned> {
  const { paths, manifests, meta, wal } = source;
  await makeFolders(to.dir, ['meta/data.mdb', 'segments/1', 'wal/1']);
  return source.alone(async () => {
    const startMs = performance.now();
    const manifest = manifests.current;
    const snapshot = meta.snapshot();
    const letGo = wal.retain(manifest.flushedSeq + 1);
    const segments: PinnedFile[] = [];
    const release = async (): Promise<void> => {
      letGo();
      snapshot.release();
      for (const { file } of segments) await file?.close();
    };
    try {
      for (const { number } of manifest.segments) await pinSegment(paths.segment(number), to.segment(number), segments);
    } catch (error) {
      await release();
      throw error;
    }
    const pausedMs = performance.now() - startMs;
    return { manifest, meta: snapshot, createdAt: new Date().toISOString(), segments, pausedMs, release };
  });
}

async function pinSegment(from: string, to: string, pinned: PinnedFile[]): Promise<void> {
  const files = await listFiles(from);
  await makeFolders(to, files);
  for (const name of files) {
    const file = { from: join(from, name), to: join(to, name) };
    const linked = await linkFile(file.from, file.to);
    pinned.push({ ...file, file: linked ? null : await openRead(file.from) });
  }
}

async function copySegments({ segments }: Pinned, options: TakeSnapshotOptions): Promise<void> {
  const sizes = await Promise.all(segments.map(async ({ file }) => (await file?.stat())?.size ?? 0));
  const copyOptions = counted('segments', sumOf(sizes), options);
  for (const { from, to, file } of segments) if (file !== null) await copyFile({ path: from, file }, to, copyOptions);
}

async function copyRest(
  { storage, paths }: SnapshotSource,
  { manifest, meta }: Pinned,
  to: CollectionPaths,
  { signal, onProgress }: TakeSnapshotOptions,
): Promise<void> {
  const { flushedSeq, uuid: collection } = manifest;
  await ManifestStore.create(storage, to.dir, withoutRetired(manifest));
  const range = { from: flushedSeq + 1, through: meta.seq };
  const total = Math.max(0, range.through - flushedSeq);
  await copyWal(
    { storage, walDir: paths.walDir, collection },
    range,
    { storage, walDir: to.walDir, collection },
    (seq) => {
      requireGoing(signal);
      onProgress?.({ stage: 'log', done: seq - flushedSeq, total });
    },
  );
  await copyMeta(meta, to.metaDir, {
    ...(signal === undefined ? {} : { signal }),
    onPoints: (done) => onProgress?.({ stage: 'metadata', done, total: meta.count }),
  });
}

// What was replaced is kept for rolling back, here and now.
function withoutRetired({ retired: _, ...manifest }: Manifest<CollectionConfig>): Manifest<CollectionConfig> {
  return { ...manifest, formatVersion: formatVersionOf(manifest) };
}

async function makeList(
  name: string,
  { manifest, meta, createdAt }: Pinned,
  to: CollectionPaths,
  options: TakeSnapshotOptions,
): Promise<SnapshotList> {
  const paths = await listFiles(to.dir);
  const sizes = await Promise.all(paths.map((path) => fileBytes(join(to.dir, path))));
  const copyOptions = counted('checksums', sumOf(sizes), options);
  const files: SnapshotFile[] = [];
  for (const path of paths) {
    const { bytes, crc32 } = await sumFile(join(to.dir, path), copyOptions);
    files.push({ path, bytes, crc32: formatCrc(crc32) });
  }
  return { name, uuid: manifest.uuid, createdAt, seq: meta.seq, points: meta.count, files };
}

async function publish(temporary: string, target: string): Promise<void> {
  await syncFolders(temporary);
  try {
    await rename(temporary, target);
  } catch (error) {
    if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw systemError(error, 'publish', target);
    throw new VamanaError('ALREADY_EXISTS', `${target} stands already; choose a new folder`, { cause: error });
  }
  await syncFolder(dirname(target));
}

function report(dir: string, list: SnapshotList, { segments, pausedMs }: Pinned, to: CollectionPaths): TakenSnapshot {
  const { files, ...rest } = list;
  const linked = new Set(segments.filter(({ file }) => file === null).map((segment) => segment.to));
  const bytes = sumOf(files.map((file) => file.bytes));
  const linkedBytes = sumOf(files.map((file) => (linked.has(join(to.dir, file.path)) ? file.bytes : 0)));
  return { dir, ...rest, files: files.length, bytes, linkedBytes, pausedMs };
}

function counted(stage: SnapshotProgress['stage'], total: number, options: TakeSnapshotOptions): CopyOptions {
  const { signal, onProgress } = options;
  let done = 0;
  return {
    ...(signal === undefined ? {} : { signal }),
    onBytes: (bytes) => {
      done += bytes;
      onProgress?.({ stage, done: Math.min(done, total), total });
    },
  };
}

function requireGoing(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new VamanaError('ABORTED', 'the snapshot was cancelled');
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
