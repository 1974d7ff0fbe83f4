// A collection with two named vector spaces, one of whose calls to the storage of log and manifest fails, wherever in a run
// of writes and flushes: what was acknowledged is there after opening again, in every space, with or without a power cut.
// `SEED=` repeats one run, `STRIDE=1` fails every call.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Collection } from '../src/collection/collection.js';
import { openCollection } from '../src/collection/open-collection.js';
import { type CollectionConfig, resolveConfig } from '../src/config/collection-config.js';
import { resolveRuntime } from '../src/config/runtime-options.js';
import { CollectionPaths } from '../src/disk/file-names.js';
import { VamanaError } from '../src/index.js';
import { formatVersionOf } from '../src/manifest/manifest.js';
import { ManifestStore } from '../src/manifest/manifest-store.js';
import type { FaultyStorage } from './faulty-storage.js';
import { checkNamed, MARK, NAMED, namedBatch, namedModel } from './named-points.js';
import { Random } from './random-writes.js';
import { CollectionStorage } from './scripted-collection.js';

const seed = Number(process.env.SEED ?? 3);
const stride = Number(process.env.STRIDE ?? 9);
const BATCHES = 24;
const FLUSH_EVERY = 8;

class NamedRun {
  readonly paths: CollectionPaths;
  storage: FaultyStorage;
  acknowledged = 0;
  begun = 0;

  constructor(folder: string) {
    this.paths = new CollectionPaths(join(folder, 'collection'));
    for (const dir of [this.paths.dir, this.paths.metaDir, this.paths.segmentsDir]) mkdirSync(dir, { recursive: true });
    this.storage = new CollectionStorage(seed, this.paths);
  }

  async create(): Promise<void> {
    const config = resolveConfig(NAMED);
    await ManifestStore.create<CollectionConfig>(this.storage, this.paths.dir, {
      formatVersion: formatVersionOf({ config }),
      version: 1,
      uuid: '0f0e0d0c-0b0a-4908-8706-050403020100',
      createdAt: new Date(0).toISOString(),
      config,
      flushedSeq: 0,
      nextSegmentNumber: 1,
      segments: [],
    });
  }

  open(): Promise<Collection> {
    const runtime = resolveRuntime({ walSegmentBytes: 1500, threads: 1, cacheBytes: 0, reserveBytes: 0 });
    return openCollection({ name: 'named', dir: this.paths.dir, storage: this.storage, runtime });
  }

  /** Until the end, or to the call that fails. */
  async write(): Promise<boolean> {
    const collection = await this.open().catch(expectFault);
    if (collection === undefined) return false;
    let good = true;
    for (let n = 1; n <= BATCHES && good; n += 1) {
      this.begun = n;
      good = await succeeds(collection.write(namedBatch(seed, n)));
      if (good) this.acknowledged = n;
      if (good && n % FLUSH_EVERY === 0) good = await succeeds(collection.flush());
    }
    return (await succeeds(collection.close())) && good;
  }

  cutPower(cutSeed: number): void {
    const cut = this.storage.powerCut(cutSeed);
    this.storage = new CollectionStorage(cutSeed, this.paths);
    for (const [path, bytes] of cut.bytes) this.storage.put(path, bytes);
  }
}

async function succeeds(work: Promise<unknown>): Promise<boolean> {
  return (await work.then(() => true).catch(expectFault)) === true;
}

function expectFault(error: unknown): undefined {
  if (!(error instanceof VamanaError) || (error.code !== 'IO' && error.code !== 'DISK_FULL')) throw error;
  return undefined;
}

it(`keeps whole batches in all spaces when a call fails, seed ${seed}, every ${stride}th`, async () => {
  const random = new Random(seed);
  const run = async (nth: number): Promise<NamedRun> => {
    const folder = mkdtempSync(join(tmpdir(), 'vamana-named-'));
    try {
      const named = new NamedRun(folder);
      await named.create();
      if (nth > 0) named.storage.failAt({ nth, errno: nth % 2 === 0 ? 'ENOSPC' : 'EIO' });
      await named.write();
      if (nth > 0) named.storage.failAt({ nth: Number.POSITIVE_INFINITY, errno: 'EIO' });
      if (nth > 0 && random.chance(0.5)) named.cutPower(random.int(1_000_000));
      const collection = await named.open();
      const [mark] = await collection.retrieve([MARK]);
      const found = Number(mark?.payload?.n ?? 0);
      expect(found, `call ${nth}`).toBeGreaterThanOrEqual(named.acknowledged);
      expect(found, `call ${nth}`).toBeLessThanOrEqual(named.begun);
      // The log and the manifests are in the storage double, where no check of files looks.
      await checkNamed(collection, namedModel(seed, found));
      await collection.close();
      return named;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  const { calls } = (await run(0)).storage;
  expect(calls.length).toBeGreaterThan(40);
  for (let nth = 2 + random.int(stride); nth <= calls.length; nth += stride) await run(nth);
}, 120_000);
