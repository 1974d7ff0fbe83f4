// A scripted run of a collection, and what a machine may find of it when the power fails at any call to the storage:
// log and manifest from FaultyStorage.powerCut, the metadata as any commit since the last one that had to be synced
// left it, the segments that were durable. Each such state is opened, sometimes cut short again, and compared with
// the points after the batch it stands at. Called by collection-power-cut.test.ts and long/power-cut.ts.
//
// Of the metadata only this is taken for granted: what was applied when a manifest was begun to be written is durable
// up to that manifest's flushedSeq. LMDB itself, and the writing of segments, cannot be run on a double.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CollectionConfig } from '../src/config/collection-config.js';
import type { SyncChoice } from '../src/config/runtime-options.js';
import { VamanaError } from '../src/index.js';
import { ManifestStore } from '../src/manifest/manifest-store.js';
import type { FaultyStorage } from './faulty-storage.js';
import { Random } from './random-writes.js';
import { CollectionStorage, ScriptedCollection } from './scripted-collection.js';

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
  sync?: SyncChoice;
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
  private readonly scripted: ScriptedCollection;
  private readonly archive: string;
  /** Copies of the metadata, each with the batch that was surely applied. */
  private readonly metas: { bytes: Buffer; seq: number }[] = [];

  constructor(
    folder: string,
    private readonly seed: number,
    private readonly sync: SyncChoice,
  ) {
    this.scripted = new ScriptedCollection(folder, seed, { sync });
    this.archive = join(folder, 'archive');
  }

  /** Batches one by one and several at once, flushes asked for and not, a closing and an opening. */
  async script(): Promise<void> {
    const { scripted } = this;
    const storage = new CollectionStorage(this.seed, scripted.paths);
    await scripted.create(storage);
    for (const sizes of [
      [1, 2, 1, 3, 1, 1, 2],
      [1, 3, 1, 4, 1],
    ]) {
      const collection = await scripted.open(storage);
      storage.onCall = () => this.remember(storage);
      for (const size of sizes) await Promise.all(Array.from({ length: size }, () => scripted.write(collection)));
      const flushed = collection.flush();
      await scripted.write(collection);
      await flushed;
      await scripted.write(collection);
      await collection.close();
      storage.onCall = () => undefined;
    }
    this.report.calls = this.moments.length;
    cpSync(scripted.paths.segmentsDir, this.archive, { recursive: true });
  }

  /** What the power cut left, sometimes after it went again during recovery; then writing goes on. */
  async check(at: number): Promise<void> {
    const { scripted, report } = this;
    const moment = this.moments[at] as Moment;
    const random = new Random(this.seed * 977 + at);
    let storage = this.restore(moment.storage, moment.segments, random);
    const floor = (await ManifestStore.open<CollectionConfig>(storage, scripted.paths.dir)).current.flushedSeq;
    const choices = this.metas.slice(0, moment.newestMeta + 1).filter(({ seq }) => seq >= floor);
    const meta = random.chance(0.3) ? choices[0] : choices[random.int(choices.length)];
    assert.ok(meta !== undefined, `no copy of the metadata holds batch ${floor}, which is flushed`);
    this.putMeta(meta.bytes);
    report.cuts += 1;
    if (meta.seq < moment.acknowledged) report.metaBehind += 1;
    if (random.chance(0.5)) storage = await this.cutAgain(storage, random, meta.bytes);
    const collection = await scripted.open(storage);
    const { states } = scripted;
    const kept = states.slice();
    const { seq } = collection.status();
    const { acknowledged, tried } = moment;
    const least = this.sync === 'always' ? acknowledged : floor;
    assert.ok(seq >= least && seq <= tried, `found batch ${seq}, expected ${least} to ${tried}`);
    await scripted.compare(collection, seq);
    scripted.resume(seq);
    // Recovery must leave a collection that takes writes and flushes as any other.
    await scripted.write(collection);
    await collection.flush();
    await scripted.write(collection);
    await collection.close();
    const again = await scripted.open(storage);
    await scripted.compare(again);
    await again.close();
    states.splice(0, states.length, ...kept);
  }

  private async cutAgain(storage: CollectionStorage, random: Random, before: Buffer): Promise<CollectionStorage> {
    this.report.cutAgain += 1;
    storage.cutPowerAfter(random.int(30));
    try {
      await (await this.scripted.open(storage)).close();
    } catch (error) {
      assert.ok(error instanceof VamanaError && error.code === 'IO', `recovery without power: ${error}`);
    }
    const found = this.restore(storage.powerCut(random.int(1_000_000)), null, random);
    if (random.chance(0.5)) this.putMeta(before);
    return found;
  }

  private remember(storage: CollectionStorage): void {
    const { paths, acknowledged, model } = this.scripted;
    const bytes = readFileSync(join(paths.metaDir, 'data.mdb'));
    const last = this.metas.at(-1);
    if (last === undefined || !last.bytes.equals(bytes)) this.metas.push({ bytes, seq: acknowledged });
    else last.seq = acknowledged;
    this.moments.push({
      storage: storage.powerCut(this.seed * 7919 + this.moments.length),
      segments: readdirSync(paths.segmentsDir).filter((name) => /^\d+$/.test(name)),
      newestMeta: this.metas.length - 1,
      acknowledged,
      tried: model.seq,
    });
  }

  /** The files of a storage double under this collection's folder, with these segments and some half-written one. */
  private restore(cut: FaultyStorage, segments: string[] | null, random: Random): CollectionStorage {
    const { paths } = this.scripted;
    const storage = new CollectionStorage(random.int(1_000_000), paths);
    for (const [path, bytes] of cut.bytes) storage.put(path, bytes);
    if (segments === null) return storage;
    rmSync(paths.segmentsDir, { recursive: true });
    mkdirSync(paths.segmentsDir);
    for (const name of segments) cpSync(join(this.archive, name), paths.segment(Number(name)), { recursive: true });
    const partial = join(paths.segmentsDir, `${segments.length + 1}.tmp-00000000-0000-4000-8000-000000000000`);
    mkdirSync(partial);
    writeFileSync(join(partial, 'vectors.seg'), 'half');
    return storage;
  }

  private putMeta(bytes: Buffer): void {
    const { metaDir } = this.scripted.paths;
    rmSync(metaDir, { recursive: true, force: true });
    mkdirSync(metaDir);
    writeFileSync(join(metaDir, 'data.mdb'), bytes);
  }
}
