// A folder of collections, open in one process: what `open(dir)` of the library returns.
//
//   LOCK                    held with flock while the database is open; what it says is for people only
//   collections/<name>/     one collection each; see src/disk/file-names.ts
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadNative, type NativeLock } from '../binding.js';
import { type Collection, openCollection } from '../collection/collection.js';
import { type CollectionConfig, type CollectionOptions, resolveConfig } from '../config/collection-config.js';
import { type Runtime, type RuntimeOptions, resolveRuntime } from '../config/runtime-options.js';
import { CollectionPaths, DatabasePaths, temporaryTarget } from '../disk/file-names.js';
import { nodeStorage } from '../disk/node-storage.js';
import { systemError } from '../disk/system-error.js';
import { asVamanaError, VamanaError } from '../errors.js';
import { MANIFEST_FORMAT_VERSION, type Manifest } from '../manifest/manifest.js';
import { ManifestStore } from '../manifest/manifest-store.js';
import type { RecoveryProgress } from '../recovery/recover.js';

export interface OpenOptions extends RuntimeOptions {
  /** Shown to who finds the folder locked: where this process serves it. */
  url?: string;
  /** Hears of the recovery of collections when they are opened. */
  onRecovery?: (collection: string, progress: RecoveryProgress) => void;
}

/**
 * Opens a database, making its folder when it is missing. Collections are recovered when they are first asked for.
 *
 * @throws VamanaError LOCKED (another process has it open; names it), IO, ADDON_MISSING.
 */
export async function open(dir: string, options: OpenOptions = {}): Promise<Database> {
  const paths = new DatabasePaths(dir);
  await onDisk('make folder', paths.collectionsDir, () => mkdir(paths.collectionsDir, { recursive: true }));
  const lock = await takeLock(paths.lock);
  try {
    await onDisk('write', paths.lock, () => writeFile(paths.lock, holderText(options.url)));
    await removeDropped(paths);
    return new Database(paths, lock, resolveRuntime(options), options.onRecovery);
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function onDisk<T>(action: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw systemError(error, action, path);
  }
}

function holderText(url: string | undefined): string {
  return `${JSON.stringify({ pid: process.pid, url: url ?? null })}\n`;
}

async function takeLock(path: string): Promise<NativeLock> {
  try {
    return loadNative().lockFile(path);
  } catch (thrown) {
    const error = asVamanaError(thrown);
    if (error.code !== 'LOCKED') throw error;
    throw new VamanaError('LOCKED', `${path} is held by ${await holder(path)}; close it there first`, { cause: error });
  }
}

async function holder(path: string): Promise<string> {
  try {
    const { pid, url } = JSON.parse(await readFile(path, 'utf8')) as { pid: number; url: string | null };
    return url === null ? `process ${pid}` : `process ${pid}, which serves ${url}`;
  } catch {
    return 'another process';
  }
}

const DROPPED = '.dropped-';

// A collection is made and dropped by one rename; what was left by a process that ended midway goes now.
async function removeDropped(paths: DatabasePaths): Promise<void> {
  for (const name of await nodeStorage.list(paths.collectionsDir)) {
    const leftover = name.startsWith(DROPPED) || temporaryTarget(name) !== null;
    if (leftover) await removeFolder(join(paths.collectionsDir, name));
  }
}

function removeFolder(path: string): Promise<void> {
  return onDisk('remove', path, () => rm(path, { recursive: true, force: true }));
}

export class Database {
  private readonly collections = new Map<string, Promise<Collection>>();
  /** By name, what is being made, opened, closed or dropped: one after the other. Never rejects. */
  private readonly turns = new Map<string, Promise<unknown>>();
  private closing: Promise<void> | null = null;

  /** @internal Use open(). */
  constructor(
    private readonly paths: DatabasePaths,
    private readonly lock: NativeLock,
    private readonly runtime: Runtime,
    private readonly onRecovery: OpenOptions['onRecovery'],
  ) {}

  get dir(): string {
    return this.paths.dir;
  }

  /** ALREADY_EXISTS, INVALID_ARGUMENT (naming the option). The collection is there, durably, when it resolves. */
  async createCollection(name: string, options: CollectionOptions): Promise<Collection> {
    this.requireOpen();
    const dir = this.paths.collection(name);
    const config = resolveConfig(options);
    await this.inTurn(name, () => createFolder(dir, config));
    return this.collection(name);
  }

  /** The collection, recovered when it is not open yet, or was closed. NOT_FOUND, CORRUPT, TOO_NEW. */
  collection(name: string): Promise<Collection> {
    this.requireOpen();
    const dir = this.paths.collection(name);
    const known = this.collections.get(name);
    if (known !== undefined) return known;
    const forget = (): void => {
      if (this.collections.get(name) === opened) this.collections.delete(name);
    };
    const opened = this.inTurn(name, () => this.open(name, dir, forget));
    this.collections.set(name, opened);
    opened.catch(forget);
    return opened;
  }

  /** Names, sorted. */
  async listCollections(): Promise<string[]> {
    this.requireOpen();
    const names = await nodeStorage.list(this.paths.collectionsDir);
    return names.filter((name) => this.paths.isCollectionName(name)).sort();
  }

  /** Closes the collection and removes it with all that it holds. NOT_FOUND. */
  async dropCollection(name: string): Promise<void> {
    this.requireOpen();
    const dir = this.paths.collection(name);
    const opened = this.collections.get(name);
    this.collections.delete(name);
    await this.inTurn(name, async () => {
      await (await opened?.catch(() => undefined))?.close();
      await this.removeCollection(name, dir);
    });
  }

  private async removeCollection(name: string, dir: string): Promise<void> {
    const gone = join(this.paths.collectionsDir, `${DROPPED}${randomUUID()}`);
    try {
      await rename(dir, gone);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw asVamanaError(cause);
      throw new VamanaError('NOT_FOUND', `there is no collection ${name} in ${this.dir}`, { cause });
    }
    await nodeStorage.syncDir(this.paths.collectionsDir);
    await removeFolder(gone);
  }

  /** Closes every collection and lets go of the folder. Idempotent. */
  close(): Promise<void> {
    this.closing ??= this.finish();
    return this.closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private async open(name: string, dir: string, forget: () => void): Promise<Collection> {
    try {
      const { runtime, onRecovery } = this;
      const onProgress = (progress: RecoveryProgress): void => onRecovery?.(name, progress);
      const onClose = (closed: Promise<void>): void => {
        forget();
        // Whoever asks for it from now on gets it anew, when its files are let go of.
        this.inTurn(name, () => closed).catch(() => undefined);
      };
      return await openCollection({ name, dir, storage: nodeStorage, runtime, onProgress, onClose });
    } catch (error) {
      if (
        error instanceof VamanaError &&
        error.code === 'NOT_FOUND' &&
        !(await this.listCollections()).includes(name)
      ) {
        throw new VamanaError('NOT_FOUND', `there is no collection ${name} in ${this.dir}`, { cause: error });
      }
      throw error;
    }
  }

  private async finish(): Promise<void> {
    try {
      const opened = await Promise.allSettled([...this.collections.values()]);
      const closed = await Promise.allSettled(
        opened.map((collection) => (collection.status === 'fulfilled' ? collection.value.close() : undefined)),
      );
      for (const end of closed) if (end.status === 'rejected') throw end.reason;
    } finally {
      await Promise.all(this.turns.values());
      this.lock.release();
    }
  }

  private inTurn<T>(name: string, work: () => Promise<T>): Promise<T> {
    const run = (this.turns.get(name) ?? Promise.resolve()).then(work);
    const ended = run.catch(() => undefined);
    this.turns.set(name, ended);
    void ended.then(() => {
      if (this.turns.get(name) === ended) this.turns.delete(name);
    });
    return run;
  }

  private requireOpen(): void {
    if (this.closing !== null) throw new VamanaError('CLOSED', `${this.dir}: the database was closed`);
  }
}

// Made under a temporary name with its first manifest in it, then renamed: it is there whole, or not at all.
async function createFolder(dir: string, config: CollectionConfig): Promise<void> {
  const paths = new CollectionPaths(`${dir}.tmp`);
  await rm(paths.dir, { recursive: true, force: true });
  for (const folder of [paths.dir, paths.walDir, paths.metaDir, paths.segmentsDir]) await nodeStorage.mkdir(folder);
  const first: Manifest<CollectionConfig> = {
    formatVersion: MANIFEST_FORMAT_VERSION,
    version: 1,
    uuid: randomUUID(),
    createdAt: new Date().toISOString(),
    config,
    flushedSeq: 0,
    nextSegmentNumber: 1,
    segments: [],
  };
  await ManifestStore.create(nodeStorage, paths.dir, first);
  try {
    await rename(paths.dir, dir);
  } catch (cause) {
    await rm(paths.dir, { recursive: true, force: true });
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw asVamanaError(cause);
    throw new VamanaError('ALREADY_EXISTS', `${dir} stands already: a collection of that name exists`, { cause });
  }
  await nodeStorage.syncDir(join(dir, '..'));
}
