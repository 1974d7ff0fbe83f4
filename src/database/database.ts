// A folder of collections, open in one process: what `open(dir)` of the library returns.
//
//   LOCK                    held with flock while the database is open; what it says is for people only
//   collections/<name>/     one collection each; see src/disk/file-names.ts
import { mkdir } from 'node:fs/promises';
import { unpackSnapshot } from '../backup/restore-snapshot.js';
import type { VerifySnapshotOptions } from '../backup/verify-snapshot.js';
import type { NativeLock } from '../binding.js';
import type { Collection } from '../collection/collection.js';
import { openCollection } from '../collection/open-collection.js';
import { type CollectionOptions, type NamedCollectionOptions, resolveConfig } from '../config/collection-config.js';
import { type Runtime, type RuntimeOptions, resolveRuntime } from '../config/runtime-options.js';
import { exists } from '../disk/file-copy.js';
import { DatabasePaths, temporaryName } from '../disk/file-names.js';
import { nodeStorage } from '../disk/node-storage.js';
import { systemError } from '../disk/system-error.js';
import { VamanaError } from '../errors.js';
import type { RecoveryProgress } from '../recovery/recover.js';
import { type CollectionSalvage, salvageCollection } from '../recovery/salvage-collection.js';
import {
  alreadyExists,
  createFolder,
  publishFolder,
  removeFolder,
  replaceFolder,
  settleFolders,
} from './collection-folders.js';
import { lockDatabase } from './database-lock.js';
import { Turns } from './turns.js';

export interface OpenOptions extends RuntimeOptions {
  /** Shown to who finds the folder locked: where this process serves it. */
  url?: string;
  /** Hears of the recovery of collections when they are opened. */
  onRecovery?: (collection: string, progress: RecoveryProgress) => void;
}

export interface RestoreOptions extends VerifySnapshotOptions {
  /** In the place of a collection of that name; false by default. */
  replace?: boolean;
}

/**
 * Opens a database, making its folder when it is missing. Collections are recovered when they are first asked for.
 *
 * @throws VamanaError LOCKED (another process has it open; names it), IO, ADDON_MISSING.
 */
export async function open(dir: string, options: OpenOptions = {}): Promise<Database> {
  const paths = new DatabasePaths(dir);
  try {
    await mkdir(paths.collectionsDir, { recursive: true });
  } catch (error) {
    throw systemError(error, 'make folder', paths.collectionsDir);
  }
  const lock = await lockDatabase(paths, options.url);
  try {
    await settleFolders(paths);
    return new Database(paths, lock, resolveRuntime(options), options.onRecovery);
  } catch (error) {
    lock.release();
    throw systemError(error, 'open', dir);
  }
}

export class Database {
  private readonly collections = new Map<string, Promise<Collection>>();
  /** Those of them that are open by now. */
  private readonly opened = new Map<string, Collection>();
  private readonly turns = new Turns();
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
  async createCollection(name: string, options: CollectionOptions | NamedCollectionOptions): Promise<Collection> {
    this.requireOpen();
    const dir = this.paths.collection(name);
    const config = resolveConfig(options);
    await this.turns.run(name, () => createFolder(dir, config));
    return this.collection(name);
  }

  /** The collection, recovered when it is not open, or no more. NOT_FOUND, CORRUPT, TOO_NEW. */
  collection(name: string): Promise<Collection> {
    this.requireOpen();
    const dir = this.paths.collection(name);
    const known = this.collections.get(name);
    if (known !== undefined) return known;
    const forget = (): void => {
      if (this.collections.get(name) !== opened) return;
      this.collections.delete(name);
      this.opened.delete(name);
    };
    const opened = this.turns.run(name, () => this.open(name, dir, forget));
    this.collections.set(name, opened);
    opened.catch(forget);
    return opened;
  }

  /** INVALID_ARGUMENT for a name that no collection can have. */
  requireName(name: string): void {
    this.paths.collection(name);
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
    await this.turns.run(name, async () => {
      await this.opened.get(name)?.close();
      if (!(await removeFolder(this.paths, dir))) throw this.noCollection(name);
    });
  }

  /**
   * Makes a collection of a snapshot. Nothing is made or replaced before every byte of it is verified; with `replace`
   * a collection of that name is closed and goes, but not before the new one is whole on the disk.
   *
   * @throws VamanaError ALREADY_EXISTS, NOT_FOUND (no snapshot), CORRUPT, TOO_NEW, DISK_FULL, IO, ABORTED.
   */
  async restoreCollection(name: string, snapshot: string, options: RestoreOptions = {}): Promise<Collection> {
    this.requireOpen();
    const dir = this.paths.collection(name);
    const replace = options.replace === true;
    await this.turns.run(name, async () => {
      if (!replace && (await exists(dir))) throw alreadyExists(dir);
      await unpackSnapshot(snapshot, temporaryName(dir), options);
      this.requireOpen();
      await this.opened.get(name)?.close();
      await (replace ? replaceFolder(this.paths, name) : publishFolder(dir));
    });
    return this.collection(name);
  }

  /**
   * For a collection whose log is damaged in the middle, so that it cannot be opened: see
   * src/recovery/salvage-collection.ts. The damaged files are kept; a log that can be read is left alone.
   *
   * @throws VamanaError NOT_FOUND, CORRUPT (something else than the log), TOO_NEW, DISK_FULL, IO.
   */
  async salvageCollection(name: string): Promise<CollectionSalvage> {
    this.requireOpen();
    const dir = this.paths.collection(name);
    if (!(await exists(dir))) throw this.noCollection(name);
    return this.turns.run(name, async () => {
      await this.opened.get(name)?.close();
      return salvageCollection(dir, nodeStorage);
    });
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
        this.turns.run(name, () => closed).catch(() => undefined);
      };
      const collection = await openCollection({ name, dir, storage: nodeStorage, runtime, onProgress, onClose });
      this.opened.set(name, collection);
      return collection;
    } catch (error) {
      if (
        error instanceof VamanaError &&
        error.code === 'NOT_FOUND' &&
        !(await this.listCollections()).includes(name)
      ) {
        throw this.noCollection(name, error);
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
      await this.turns.settled();
      this.lock.release();
    }
  }

  private noCollection(name: string, cause?: unknown): VamanaError {
    return new VamanaError('NOT_FOUND', `there is no collection ${name} in ${this.dir}`, { cause });
  }

  private requireOpen(): void {
    if (this.closing !== null) throw new VamanaError('CLOSED', `${this.dir}: the database was closed`);
  }
}
