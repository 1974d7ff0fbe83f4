// A scripted run of a collection, and what a machine may find of it when the power fails at any call to the storage:
// log and manifest from FaultyStorage.powerCut, the metadata as any commit since the last one that had to be synced
// left it, the segments that were durable. Each such state is opened, sometimes cut short again, and compared with
// the points after the batch it stands at. Called by collection-power-cut.test.ts and long/power-cut.ts.
//
// Of the metadata only this is taken for granted: what was applied when a manifest was begun to be written is durable
// up to that manifest's flushedSeq. LMDB itself, and the writing of segments, cannot be run on a double.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Collection, openCollection } from '../src/collection/collection.js';
import { type CollectionConfig, resolveConfig } from '../src/config/collection-config.js';
import { type RuntimeOptions, resolveRuntime } from '../src/config/runtime-options.js';
import { CollectionPaths } from '../src/disk/file-names.js';
import { type PointId, VamanaError } from '../src/index.js';
import { MANIFEST_FORMAT_VERSION, type Manifest } from '../src/manifest/manifest.js';
import { ManifestStore } from '../src/manifest/manifest-store.js';
import { checkSearches, readAllPoints } from './check-collection.js';
import { FaultyStorage } from './faulty-storage.js';
import { type ModelPoint, PointModel, type Space } from './point-model.js';
import { idPool, Random, RandomWrites } from './random-writes.js';

const SPACE: Space = { dim: 6, metric: 'l2', element: 'u8' };
const CONFIG = resolveConfig({ ...SPACE, degree: 6, buildList: 12, codeBytes: 6 });
const UUID = '0f0e0d0c-0b0a-4908-8706-050403020100';

/** The disk at one moment. */
interface Moment {
  /** What the power cut left. */
  storage: FaultyStorage;
  /** Names of the segments that were durable. */
  segments: string[];
  /** Index of the newest copy of the metadata. */
  newestMeta: number;
  /** Batches that were acknowledged, and begun. */
  acknowledged: number;
  tried: number;
}

export interface PowerCutReport {
  calls: number;
  cuts: number;
  /** States in which the metadata was behind the log. */
  metaBehind: number;
  cutAgain: number;
}

export interface PowerCutOptions {
  seed: number;
  /** Every how many-th call is cut at. */
  stride: number;
  sync?: RuntimeOptions['sync'];
}

/** The storage double for log and manifest; folders of segments are real. Tells of every call before it happens. */
export class CollectionStorage extends FaultyStorage {
  onCall: () => void = () => undefined;

  constructor(
    seed: number,
    private readonly segmentsDir: string,
  ) {
    super(seed);
  }

  override async list(path: string): Promise<string[]> {
    return path === this.segmentsDir ? readdir(path) : super.list(path);
  }

  override begin(...call: Parameters<FaultyStorage['begin']>): Promise<void> {
    this.onCall();
    return super.begin(...call);
  }
}

export async function runPowerCuts({ seed, stride, sync = 'always' }: PowerCutOptions): Promise<PowerCutReport> {
  const folder = mkdtempSync(join(tmpdir(), 'vamana-power-'));
  const run = new PowerCutRun(folder, seed, sync);
  let cut = -1;
  try {
    await run.script();
    for (cut = seed % stride; cut < run.moments.length; cut += stride) await run.check(cut);
    return run.report;
  } catch (error) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw new Error(`seed ${seed}, power cut at call ${cut} of ${run.moments.length}: ${detail}`, { cause: error });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class PowerCutRun {
  readonly moments: Moment[] = [];
  readonly report: PowerCutReport = { calls: 0, cuts: 0, metaBehind: 0, cutAgain: 0 };
  private readonly paths: CollectionPaths;
  private readonly archive: string;
  private readonly random: Random;
  private readonly model = new PointModel(SPACE);
  private readonly writes: RandomWrites;
  /** Points after each batch, by its number. */
  private readonly states: Map<PointId, ModelPoint>[] = [new Map()];
  /** Copies of the metadata, each with the batch that was surely applied. */
  private readonly metas: { bytes: Buffer; seq: number }[] = [];
  private acknowledged = 0;

  constructor(
    folder: string,
    private readonly seed: number,
    private readonly sync: NonNullable<RuntimeOptions['sync']>,
  ) {
    this.paths = new CollectionPaths(join(folder, 'collection'));
    this.archive = join(folder, 'archive');
    this.random = new Random(seed);
    this.writes = new RandomWrites(this.random, SPACE, idPool(40, false));
    for (const dir of [this.paths.dir, this.paths.metaDir, this.paths.segmentsDir]) mkdirSync(dir, { recursive: true });
  }

  /** Batches one by one and several at once, flushes asked for and not, a closing and an opening. */
  async script(): Promise<void> {
    const storage = new CollectionStorage(this.seed, this.paths.segmentsDir);
    storage.put(join(this.paths.dir, 'marker'), Buffer.alloc(0));
    const manifest: Manifest<CollectionConfig> = {
      formatVersion: MANIFEST_FORMAT_VERSION,
      version: 1,
      uuid: UUID,
      createdAt: new Date(0).toISOString(),
      config: CONFIG,
      flushedSeq: 0,
      nextSegmentNumber: 1,
      segments: [],
    };
    await ManifestStore.create<CollectionConfig>(storage, this.paths.dir, manifest);
    for (const sizes of [[1, 2, 1, 3, 1, 1, 2], [1, 3, 1, 4, 1]]) {
      const collection = await this.open(storage);
      storage.onCall = () => this.remember(storage);
      for (const size of sizes) await Promise.all(Array.from({ length: size }, () => this.write(collection)));
      const flushed = collection.flush();
      await this.write(collection);
      await flushed;
      await this.write(collection);
      await collection.close();
      storage.onCall = () => undefined;
    }
    this.report.calls = this.moments.length;
    cpSync(this.paths.segmentsDir, this.archive, { recursive: true });
  }

  /** What the power cut left, sometimes after it went again during recovery; then writing goes on. */
  async check(at: number): Promise<void> {
    const moment = this.moments[at] as Moment;
    const random = new Random(this.seed * 977 + at);
    let storage = this.restore(moment.storage, moment.segments, random);
    const floor = (await ManifestStore.open<CollectionConfig>(storage, this.paths.dir)).current.flushedSeq;
    const choices = this.metas.slice(0, moment.newestMeta + 1).filter(({ seq }) => seq >= floor);
    const meta = random.chance(0.3) ? choices[0] : choices[random.int(choices.length)];
    assert.ok(meta !== undefined, `no copy of the metadata holds batch ${floor}, which is flushed`);
    this.putMeta(meta.bytes);
    this.report.cuts += 1;
    if (meta.seq < moment.acknowledged) this.report.metaBehind += 1;
    if (random.chance(0.5)) storage = await this.cutAgain(storage, random, meta.bytes);
    let collection = await this.open(storage);
    const { seq } = collection.status();
    const least = this.sync === 'always' ? moment.acknowledged : floor;
    assert.ok(seq >= least && seq <= moment.tried, `found batch ${seq}, expected ${least} to ${moment.tried}`);
    await this.compare(collection, this.states[seq] as Map<PointId, ModelPoint>);
    collection = await this.goOn(collection, storage, seq);
    await collection.close();
  }

  private async cutAgain(storage: CollectionStorage, random: Random, before: Buffer): Promise<CollectionStorage> {
    this.report.cutAgain += 1;
    storage.cutPowerAfter(random.int(30));
    try {
      await (await this.open(storage)).close();
    } catch (error) {
      assert.ok(error instanceof VamanaError && error.code === 'IO', `recovery without power: ${error}`);
    }
    const found = this.restore(storage.powerCut(random.int(1_000_000)), null, random);
    if (random.chance(0.5)) this.putMeta(before);
    return found;
  }

  // Recovery must leave a collection that takes writes and flushes as any other.
  private async goOn(collection: Collection, storage: CollectionStorage, seq: number): Promise<Collection> {
    const expected = new PointModel(SPACE);
    expected.points = new Map(this.states[seq]);
    expected.seq = seq;
    for (let i = 0; i < 2; i += 1) {
      const batch = [{ upsert: [this.writes.point(), this.writes.point()] }];
      const outcome = expected.outcome(batch);
      assert.equal((await collection.write(batch)).seq, outcome?.seq);
      if (outcome !== null) expected.accept(outcome);
      if (i === 0) await collection.flush();
    }
    await this.compare(collection, expected.points);
    await collection.close();
    const again = await this.open(storage);
    await this.compare(again, expected.points);
    return again;
  }

  private async compare(collection: Collection, expected: Map<PointId, ModelPoint>): Promise<void> {
    const points = await readAllPoints(collection);
    const found = points.map(({ id, version, payload, vector }) => ({ id, version, payload, vector: [...(vector ?? [])] }));
    const wanted = [...expected].map(([id, point]) => ({ id, ...point, vector: [...point.vector] }));
    const byId = (a: { id: PointId }, b: { id: PointId }): number => (String(a.id) < String(b.id) ? -1 : 1);
    assert.deepEqual(found.sort(byId), wanted.sort(byId));
    await checkSearches(collection, points);
  }

  private async write(collection: Collection): Promise<void> {
    const upsert = Array.from({ length: 1 + this.random.int(6) }, () => this.writes.point());
    const batch = [{ upsert }, { delete: [this.writes.id(), this.writes.id()] }, ...this.writes.batch(this.model)];
    const outcome = this.model.outcome(batch) ?? this.model.outcome([{ upsert }]);
    if (outcome === null) throw new Error('an upsert is never refused');
    const refused = this.model.outcome(batch) === null;
    this.model.accept(outcome);
    this.states[outcome.seq] = outcome.points;
    const { seq } = await collection.write(refused ? [{ upsert }] : batch);
    assert.equal(seq, outcome.seq);
    this.acknowledged = Math.max(this.acknowledged, seq);
  }

  private remember(storage: CollectionStorage): void {
    const bytes = readFileSync(join(this.paths.metaDir, 'data.mdb'));
    const last = this.metas.at(-1);
    if (last === undefined || !last.bytes.equals(bytes)) this.metas.push({ bytes, seq: this.acknowledged });
    else last.seq = this.acknowledged;
    this.moments.push({
      storage: storage.powerCut(this.seed * 7919 + this.moments.length),
      segments: readdirSync(this.paths.segmentsDir).filter((name) => /^\d+$/.test(name)),
      newestMeta: this.metas.length - 1,
      acknowledged: this.acknowledged,
      tried: this.model.seq,
    });
  }

  /** The files of a storage double under this collection's folder, with these segments and some half-written one. */
  private restore(cut: FaultyStorage, segments: string[] | null, random: Random): CollectionStorage {
    const storage = new CollectionStorage(random.int(1_000_000), this.paths.segmentsDir);
    storage.put(join(this.paths.dir, 'marker'), Buffer.alloc(0));
    for (const [path, bytes] of cut.bytes) storage.put(path, bytes);
    if (segments === null) return storage;
    rmSync(this.paths.segmentsDir, { recursive: true });
    mkdirSync(this.paths.segmentsDir);
    for (const name of segments) {
      cpSync(join(this.archive, name), join(this.paths.segmentsDir, name), { recursive: true });
    }
    const partial = join(this.paths.segmentsDir, `${segments.length + 1}.tmp-00000000-0000-4000-8000-000000000000`);
    mkdirSync(partial);
    writeFileSync(join(partial, 'vectors.seg'), 'half');
    return storage;
  }

  private putMeta(bytes: Buffer): void {
    rmSync(this.paths.metaDir, { recursive: true, force: true });
    mkdirSync(this.paths.metaDir);
    writeFileSync(join(this.paths.metaDir, 'data.mdb'), bytes);
  }

  private open(storage: CollectionStorage): Promise<Collection> {
    const options = { deltaRows: 25, walSegmentBytes: 1500, threads: 1, cacheBytes: 0, reserveBytes: 0 };
    const runtime = resolveRuntime({ ...options, sync: this.sync });
    return openCollection({ name: 'power', dir: this.paths.dir, storage, runtime });
  }
}
