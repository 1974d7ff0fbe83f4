// A small collection under a script, on a storage double for its log and its manifests: what the tests of power cuts and
// of failing calls have in common. Keeps the points after every batch, by the batch's number, so that whatever state a
// collection is found in can be compared with the one it must be.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Collection } from '../src/collection/collection.js';
import { openCollection } from '../src/collection/open-collection.js';
import { type CollectionConfig, resolveConfig } from '../src/config/collection-config.js';
import { type RuntimeOptions, resolveRuntime } from '../src/config/runtime-options.js';
import { CollectionPaths } from '../src/disk/file-names.js';
import type { PointId } from '../src/index.js';
import { MANIFEST_VERSION_FIRST, type Manifest } from '../src/manifest/manifest.js';
import { ManifestStore } from '../src/manifest/manifest-store.js';
import { checkSearches, readAllPoints } from './check-collection.js';
import { FaultyStorage } from './faulty-storage.js';
import { type ModelPoint, PointModel, type Space } from './point-model.js';
import { idPool, Random, RandomWrites } from './random-writes.js';

export const SPACE: Space = { dim: 6, metric: 'l2', element: 'u8' };
const CONFIG = resolveConfig({ ...SPACE, degree: 6, buildList: 12, codeBytes: 6 });
const UUID = '0f0e0d0c-0b0a-4908-8706-050403020100';

/** The storage double for log and manifest; folders of segments are real. Tells of every call before it happens. */
export class CollectionStorage extends FaultyStorage {
  onCall: () => void = () => undefined;

  constructor(
    seed: number,
    private readonly paths: CollectionPaths,
  ) {
    super(seed);
    this.put(join(paths.dir, 'marker'), Buffer.alloc(0));
  }

  override async list(path: string): Promise<string[]> {
    return path === this.paths.segmentsDir ? readdir(path) : super.list(path);
  }

  override begin(...call: Parameters<FaultyStorage['begin']>): Promise<void> {
    this.onCall();
    return super.begin(...call);
  }
}

export class ScriptedCollection {
  readonly paths: CollectionPaths;
  readonly random: Random;
  readonly writes: RandomWrites;
  /** With all batches that were begun. */
  readonly model = new PointModel(SPACE);
  /** The last batch that was acknowledged. */
  acknowledged = 0;
  /** Points after each batch, by its number. */
  readonly states: Map<PointId, ModelPoint>[] = [new Map()];

  constructor(
    folder: string,
    seed: number,
    private readonly options: RuntimeOptions = {},
  ) {
    this.paths = new CollectionPaths(join(folder, 'collection'));
    this.random = new Random(seed);
    this.writes = new RandomWrites(this.random, SPACE, idPool(40, false));
    for (const dir of [this.paths.dir, this.paths.metaDir, this.paths.segmentsDir]) mkdirSync(dir, { recursive: true });
  }

  async create(storage: FaultyStorage): Promise<void> {
    const manifest: Manifest<CollectionConfig> = {
      formatVersion: MANIFEST_VERSION_FIRST,
      version: 1,
      uuid: UUID,
      createdAt: new Date(0).toISOString(),
      config: CONFIG,
      flushedSeq: 0,
      nextSegmentNumber: 1,
      segments: [],
    };
    await ManifestStore.create<CollectionConfig>(storage, this.paths.dir, manifest);
  }

  open(storage: FaultyStorage): Promise<Collection> {
    const options = { deltaRows: 25, walSegmentBytes: 1500, threads: 1, cacheBytes: 0, reserveBytes: 0 };
    const runtime = resolveRuntime({ ...options, ...this.options });
    return openCollection({ name: 'scripted', dir: this.paths.dir, storage, runtime });
  }

  /** A batch of several operations that is not refused. */
  async write(collection: Collection): Promise<void> {
    const { writes, model, random } = this;
    const upsert = Array.from({ length: 1 + random.int(6) }, () => writes.point());
    const simple = [{ upsert }, { delete: [writes.id(), writes.id()] }];
    const wanted = [...simple, ...writes.batch(model)];
    const batch = model.outcome(wanted) === null ? simple : wanted;
    const outcome = model.outcome(batch);
    assert.ok(outcome !== null);
    model.accept(outcome);
    this.states[outcome.seq] = outcome.points;
    const { seq } = await collection.write(batch);
    assert.equal(seq, outcome.seq);
    this.acknowledged = Math.max(this.acknowledged, seq);
  }

  /** Goes on from the batch that a collection was found at: what was begun and is not in it never was. */
  resume(seq: number): void {
    this.model.points = new Map(this.states[seq]);
    this.model.seq = seq;
    this.states.length = seq + 1;
  }

  /** Every point, vectors and all, and searches. */
  async compare(collection: Collection, seq = this.model.seq): Promise<void> {
    const points = await readAllPoints(collection);
    const found = points.map(({ id, version, payload, vector }) => ({
      id,
      version,
      payload,
      vector: [...(vector ?? [])],
    }));
    const wanted = [...(this.states[seq] ?? [])].map(([id, point]) => ({ id, ...point, vector: [...point.vector] }));
    const byId = (a: { id: PointId }, b: { id: PointId }): number => (String(a.id) < String(b.id) ? -1 : 1);
    assert.deepEqual(found.sort(byId), wanted.sort(byId));
    await checkSearches(collection, points);
  }
}
