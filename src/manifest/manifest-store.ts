// The manifests of one collection on the disk: opening finds the current one, publishing makes the next one durable.
// One caller, one call at a time: the commit queue. Rules:
//
// 1. A manifest is written to a temporary name and synced, then renamed, then the folder is synced. So a file under
//    its final name was whole when it got that name.
// 2. The file with the highest version is the current one. If it is not valid, that is damage and not a write cut
//    short (rule 1): CORRUPT, never the one before. For once a manifest is durable the log up to its flushedSeq and
//    the segments it removed may be gone, and an older one would silently lose what was acknowledged.
// 3. Temporary files are never read. Publishing removes them, and all versions but the two highest; the older one
//    is kept for a person to look at and is not read here either.
// 4. Opening syncs the folder, so that the name of the current one is durable even if the process that made it was
//    killed before its own sync: what follows (removing log and segments) may rely on it.
// 5. A publication that failed before the rename has not happened and may be repeated. One that failed later may or
//    may not have: the store takes nothing more until it is opened again, and the caller keeps the files of both.
import { join } from 'node:path';
import { CollectionPaths, parseManifestName, temporaryTarget } from '../disk/file-names.js';
import { replaceFile, type StagedFile, stageFile } from '../disk/staged-file.js';
import { type Storage, withFile } from '../disk/storage.js';
import { asVamanaError, VamanaError } from '../errors.js';
import type { Manifest } from './manifest.js';
import { decodeManifest, encodeManifest } from './manifest-format.js';

const VERSIONS_KEPT = 2;

export class ManifestStore<Config> {
  private busy = false;
  private failure: VamanaError | null = null;

  private constructor(
    private readonly storage: Storage,
    private readonly paths: CollectionPaths,
    private manifest: Manifest<Config>,
  ) {}

  /** Publishes the first manifest of a collection in `dir`. ALREADY_EXISTS where there is one. */
  static async create<Config>(storage: Storage, dir: string, first: Manifest<Config>): Promise<ManifestStore<Config>> {
    const paths = new CollectionPaths(dir);
    const found = await newestVersion(storage, dir);
    if (found !== null)
      throw new VamanaError('ALREADY_EXISTS', `${paths.manifest(found)} exists: ${dir} is a collection`);
    const path = paths.manifest(first.version);
    const bytes = encodeManifest(first);
    await replaceFile(storage, path, [bytes]);
    return new ManifestStore(storage, paths, decodeManifest<Config>(bytes, path, first.version));
  }

  /** NOT_FOUND where there is no manifest; CORRUPT, TOO_NEW. */
  static async open<Config>(storage: Storage, dir: string): Promise<ManifestStore<Config>> {
    const paths = new CollectionPaths(dir);
    const version = await newestVersion(storage, dir);
    if (version === null) throw new VamanaError('NOT_FOUND', `${dir} holds no manifest: it is not a collection`);
    const manifest = await readManifest<Config>(storage, dir, version);
    await storage.syncDir(dir);
    return new ManifestStore(storage, paths, manifest);
  }

  get current(): Manifest<Config> {
    return this.manifest;
  }

  /** Why no manifest is published any more (rule 5); null while they are. */
  get failed(): VamanaError | null {
    return this.failure;
  }

  /** Resolves once `next` is durable and current. It must be the version after the current one. */
  async publish(next: Manifest<Config>): Promise<void> {
    if (this.failure !== null) throw this.failure;
    if (this.busy) throw new VamanaError('INTERNAL', 'two manifests are published at once');
    if (next.version !== this.manifest.version + 1 || next.uuid !== this.manifest.uuid) {
      throw new VamanaError('INTERNAL', `manifest ${next.version} does not follow ${this.manifest.version}`);
    }
    this.busy = true;
    try {
      const path = this.paths.manifest(next.version);
      const bytes = encodeManifest(next);
      await this.publishStaged(await stageFile(this.storage, path, [bytes]));
      this.manifest = decodeManifest(bytes, path, next.version);
      await this.removeOld();
    } finally {
      this.busy = false;
    }
  }

  private async publishStaged(staged: StagedFile): Promise<void> {
    try {
      await staged.publish();
    } catch (thrown) {
      const { code, message, cause } = asVamanaError(thrown);
      const advice = 'whether the manifest was published is known only after opening the collection again';
      this.failure = new VamanaError(code, `${message}; ${advice}`, { cause });
      throw this.failure;
    }
  }

  // What cannot be removed now is removed after a later publication: nobody reads it.
  private async removeOld(): Promise<void> {
    const { dir } = this.paths;
    const names = await this.storage.list(dir).catch(() => []);
    for (const name of names) {
      const target = temporaryTarget(name);
      const version = parseManifestName(target ?? name);
      if (version === null || (target === null && version > this.manifest.version - VERSIONS_KEPT)) continue;
      await this.storage.unlink(join(dir, name)).catch(() => undefined);
    }
  }
}

/** The manifest of one version, whether it is current or not. */
export function readManifest<Config>(storage: Storage, dir: string, version: number): Promise<Manifest<Config>> {
  const path = new CollectionPaths(dir).manifest(version);
  return withFile(storage, path, 'read', async (file) => {
    return decodeManifest<Config>(await file.read(0, await file.size()), path, version);
  });
}

async function newestVersion(storage: Storage, dir: string): Promise<number | null> {
  const versions = (await storage.list(dir)).map(parseManifestName).filter((version) => version !== null);
  return versions.length === 0 ? null : Math.max(...versions);
}
