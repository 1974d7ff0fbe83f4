// The snapshots that the service keeps: a folder for each collection, in it a file for each snapshot (src/backup/
// archive.ts) with its checksum beside it, in the form of `sha256sum`. What is being written lies beside them under a
// name that begins with a dot, which no snapshot has. Called by snapshot-routes.ts.
import { randomUUID } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packArchive, SNAPSHOT_FOLDER, sumArchive } from '../backup/archive.js';
import type { Collection } from '../collection/collection.js';
import { Turns } from '../database/turns.js';
import { openRead } from '../disk/file-copy.js';
import { syncFolder } from '../disk/node-storage.js';
import { errnoOf, systemError } from '../disk/system-error.js';
import { notFound } from './wire-error.js';
import type { WireCollection } from './wire-registry.js';

/** As answers have it. */
export interface SnapshotDescription {
  name: string;
  creation_time: string;
  size: number;
  checksum: string | null;
}

export interface SnapshotFile {
  size: number;
  stream(): NodeJS.ReadableStream;
}

/** What the service knows of a collection and the library does not; in the archive, beside the snapshot. */
export const WIRE_NOTES = 'service.json';

const SUFFIX = '.snapshot';
const CHECKSUM = '.checksum';

export class SnapshotStore {
  private readonly turns = new Turns();

  constructor(private readonly dir: string) {}

  async list(collection: string): Promise<SnapshotDescription[]> {
    const folder = this.folder(collection);
    const names = (await namesIn(folder)).filter(isSnapshotName).sort();
    const found = await Promise.all(names.map((name) => describe(folder, name)));
    return found.filter((snapshot) => snapshot !== null);
  }

  /** One at a time of a collection. */
  create(collection: Collection, wire: WireCollection, signal?: AbortSignal): Promise<SnapshotDescription> {
    return this.turns.run(collection.name, () =>
      this.inTemporary(collection.name, async (temporary, folder) => {
        const options = signal === undefined ? {} : { signal };
        const parts = join(temporary, 'parts');
        await mkdir(parts);
        await collection.snapshot(join(parts, SNAPSHOT_FOLDER), options);
        await writeFile(join(parts, WIRE_NOTES), JSON.stringify(wire));
        const { sha256 } = await packArchive(parts, join(temporary, 'archive'), signal);
        const name = await freeName(folder, collection.name);
        // The checksum first: a snapshot that is listed has one.
        await writeFile(join(folder, name + CHECKSUM), `${sha256}  ${name}\n`, { flush: true });
        await rename(join(temporary, 'archive'), join(folder, name));
        await syncFolder(folder);
        return (await describe(folder, name)) as SnapshotDescription;
      }),
    );
  }

  /** 404 when there is none. */
  async open(collection: string, name: string): Promise<SnapshotFile> {
    const path = await this.find(collection, name);
    const { size } = await lstat(path);
    const file = await openRead(path);
    return { size, stream: () => file.createReadStream() };
  }

  /** 404 when there is none. */
  async remove(collection: string, name: string): Promise<void> {
    const path = await this.find(collection, name);
    await rm(path, { force: true });
    await rm(path + CHECKSUM, { force: true });
    await syncFolder(this.folder(collection));
  }

  /** Work that needs room on the disk: a folder of its own, which is gone afterwards, whatever happens. */
  async inTemporary<T>(collection: string, work: (temporary: string, folder: string) => Promise<T>): Promise<T> {
    const folder = this.folder(collection);
    const temporary = join(folder, `.tmp-${randomUUID()}`);
    try {
      await mkdir(temporary, { recursive: true });
      return await work(temporary, folder);
    } catch (error) {
      throw /^E[A-Z0-9]+$/.test(errnoOf(error)) ? systemError(error, 'write', temporary) : error;
    } finally {
      await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    }
  }

  /** What a process that was killed left behind. To be called before anything else is begun. */
  async settle(): Promise<void> {
    for (const collection of await namesIn(this.dir)) {
      const folder = join(this.dir, collection);
      const left = (await namesIn(folder)).filter((name) => name.startsWith('.tmp-'));
      for (const name of left) await rm(join(folder, name), { recursive: true, force: true });
    }
  }

  private async find(collection: string, name: string): Promise<string> {
    const path = join(this.folder(collection), name);
    if (isSnapshotName(name) && (await describe(this.folder(collection), name)) !== null) return path;
    throw notFound(`Snapshot ${name.slice(0, 255)} of collection ${collection} does not exist`);
  }

  // Names of collections are checked where routes resolve them: none leads out of the folder.
  private folder(collection: string): string {
    return join(this.dir, collection);
  }
}

/** No way out of a folder, nothing hidden, nothing but a snapshot. */
export function isSnapshotName(name: string): boolean {
  return /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,254}$/.test(name) && name.endsWith(SUFFIX);
}

async function describe(folder: string, name: string): Promise<SnapshotDescription | null> {
  try {
    const stats = await lstat(join(folder, name));
    if (!stats.isFile()) return null;
    const sum = await readFile(join(folder, name + CHECKSUM), 'utf8').catch(() => '');
    const known = /^[0-9a-f]{64}(?=\s)/.exec(sum)?.[0];
    return {
      name,
      creation_time: stats.mtime.toISOString().slice(0, 19),
      size: stats.size,
      // One that somebody put there by hand has no sum yet.
      checksum: known ?? (await sumArchive(join(folder, name))).sha256,
    };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'NOT_FOUND') return null;
    throw systemError(error, 'look at', join(folder, name));
  }
}

async function freeName(folder: string, collection: string): Promise<string> {
  const time = new Date().toISOString().slice(0, 19).replace(/[T:]/g, '-');
  const taken = new Set(await namesIn(folder));
  for (let number = 1; ; number += 1) {
    const name = `${collection}-${time}${number === 1 ? '' : `-${number}`}${SUFFIX}`;
    if (!taken.has(name)) return name;
  }
}

async function namesIn(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw systemError(error, 'list', dir);
  }
}
