// A machine with one collection on it that loses power, for tests: log and manifest lie on a storage that keeps apart
// what is durable; metadata and segments are real files, which are found as they were at the cut. Beside them is what
// every batch should have left.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import type { Collection } from '../src/collection/collection.js';
import { openCollection } from '../src/collection/open-collection.js';
import { resolveConfig } from '../src/config/collection-config.js';
import { type RuntimeOptions, resolveRuntime } from '../src/config/runtime-options.js';
import { CollectionPaths } from '../src/disk/file-names.js';
import { nodeStorage } from '../src/disk/node-storage.js';
import type { Storage } from '../src/disk/storage.js';
import { MANIFEST_VERSION_FIRST } from '../src/manifest/manifest.js';
import { ManifestStore } from '../src/manifest/manifest-store.js';
import { checkMeta } from '../src/meta/check-meta.js';
import { openMetaStore } from '../src/meta/meta-store.js';
import { checkSearches, readAllPoints } from './check-collection.js';
import { FaultyStorage } from './faulty-storage.js';
import { type ModelPoint, PointModel, type Space } from './point-model.js';
import { idPool, Random, RandomWrites } from './random-writes.js';

const space: Space = { dim: 3, metric: 'l2', element: 'f32' };

export class FaultyMachine {
  readonly paths: CollectionPaths;
  readonly model = new PointModel(space);
  readonly random: Random;
  readonly writes: RandomWrites;
  storage: FaultyStorage;
  /** Batches that were acknowledged and are gone. */
  lost = 0;
  private readonly history = new Map<number, Map<unknown, ModelPoint>>([[0, new Map()]]);
  private opened: Collection | null = null;

  private constructor(dir: string, seed: number) {
    this.paths = new CollectionPaths(dir);
    this.random = new Random(seed);
    this.writes = new RandomWrites(this.random, space, idPool(60, true));
    this.storage = new FaultyStorage(seed);
  }

  /** `dir` must not exist. */
  static async create(dir: string, seed: number): Promise<FaultyMachine> {
    const machine = new FaultyMachine(dir, seed);
    const { walDir, metaDir, segmentsDir } = machine.paths;
    for (const path of [metaDir, segmentsDir]) mkdirSync(path, { recursive: true });
    for (const path of [dir, walDir]) await machine.storage.mkdir(path);
    await ManifestStore.create(machine.storage, dir, {
      formatVersion: MANIFEST_VERSION_FIRST,
      version: 1,
      uuid: '0f0e0d0c-0b0a-4908-8706-050403020100',
      createdAt: '2025-01-01T00:00:00.000Z',
      config: resolveConfig({ ...space, stringIds: true, degree: 8, buildList: 16, codeBytes: 3 }),
      flushedSeq: 0,
      nextSegmentNumber: 1,
      segments: [],
    });
    return machine;
  }

  get collection(): Collection {
    assert.ok(this.opened !== null, 'the collection is open');
    return this.opened;
  }

  async open(options: RuntimeOptions): Promise<Collection> {
    const runtime = resolveRuntime({ io: 'pread', threads: 1, buildThreads: 1, reserveBytes: 0, ...options });
    const storage = withRealSegments(this.storage, this.paths.segmentsDir);
    this.opened = await openCollection({ name: 'c', dir: this.paths.dir, storage, runtime });
    return this.opened;
  }

  /** Random batches, one after the other. */
  async write(batches: number): Promise<void> {
    for (let i = 0; i < batches; i += 1) {
      const batch = this.writes.batch(this.model);
      const outcome = this.model.outcome(batch);
      if (outcome === null) {
        await assert.rejects(this.collection.write(batch));
        continue;
      }
      const { seq } = await this.collection.write(batch);
      assert.equal(seq, outcome.seq);
      this.model.accept(outcome);
      this.history.set(seq, outcome.points);
    }
  }

  /** The power fails, while no write is under way; then it is back. Returns the last record that was durable. */
  async cutPower(seed: number): Promise<number> {
    const { metaDir } = this.paths;
    const { durableSeq } = this.collection.status().wal;
    const found = this.storage.powerCut(seed);
    const copy = `${metaDir}-copy`;
    cpSync(metaDir, copy, { recursive: true });
    await this.collection.close().catch(() => undefined);
    this.opened = null;
    rmSync(metaDir, { recursive: true });
    renameSync(copy, metaDir);
    this.storage = found;
    return durableSeq;
  }

  /** Opens, and holds what is found against what the record that it ends with left. */
  async check(options: RuntimeOptions, durableSeq: number): Promise<void> {
    const { model, history } = this;
    const collection = await this.open(options);
    const { seq } = collection.status();
    assert.ok(
      seq >= durableSeq && seq <= model.seq,
      `record ${seq} is the last, expected ${durableSeq} to ${model.seq}`,
    );
    this.lost += model.seq - seq;
    model.points = new Map(history.get(seq) as PointModel['points']);
    model.seq = seq;
    for (const later of [...history.keys()].filter((number) => number > seq)) history.delete(later);
    const points = await readAllPoints(collection);
    assert.deepEqual(
      points.map(({ id, version, payload, vector }) => [id, version, payload, [...(vector ?? [])]]),
      model.ids().map((id) => {
        const { version, payload, vector } = model.points.get(id) as ModelPoint;
        return [id, version, payload, vector];
      }),
    );
    await checkSearches(collection, points);
    assert.deepEqual(await this.problems(), []);
  }

  /** Removes everything. */
  async close(): Promise<void> {
    await this.opened?.close();
    this.opened = null;
    rmSync(this.paths.dir, { recursive: true, force: true });
  }

  /** Of a copy of the metadata, which is open. */
  private async problems(): Promise<string[]> {
    const copy = `${this.paths.metaDir}-check`;
    cpSync(this.paths.metaDir, copy, { recursive: true });
    const meta = openMetaStore(copy, { reserveBytes: 0 });
    const snapshot = meta.snapshot();
    const problems: string[] = [];
    for await (const { message } of checkMeta(snapshot)) problems.push(message);
    await meta.close();
    rmSync(copy, { recursive: true });
    return problems;
  }
}

/** Recovery lists the folders of segments, which the addon makes. */
function withRealSegments(storage: Storage, segmentsDir: string): Storage {
  return {
    open: (path, mode) => storage.open(path, mode),
    rename: (from, to) => storage.rename(from, to),
    unlink: (path) => storage.unlink(path),
    mkdir: (path) => storage.mkdir(path),
    list: (path) => (path === segmentsDir ? nodeStorage : storage).list(path),
    syncDir: (path) => storage.syncDir(path),
    freeSpace: (path) => storage.freeSpace(path),
  };
}
