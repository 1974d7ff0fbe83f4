// The log and the manifest together on a storage that loses power, or fails one call, at every point of a scripted
// run: what was acknowledged is there afterwards, unchanged, and nothing is there that nobody wrote.
import { expect, it } from 'vitest';
import { VamanaError } from '../src/errors.js';
import type { Manifest } from '../src/manifest/manifest.js';
import { applyEdit } from '../src/manifest/manifest-edit.js';
import { ManifestStore } from '../src/manifest/manifest-store.js';
import { encodePayload } from '../src/payload/payload-codec.js';
import type { WalRecord } from '../src/wal/wal-op.js';
import { readWal } from '../src/wal/wal-reader.js';
import { WalWriter } from '../src/wal/wal-writer.js';
import { type Fault, type FaultyStorage, generator } from './faulty-storage.js';
import { collection, emptyStorage, locate, plain } from './wal-log.js';

const dir = '/c';
const SEGMENT_BYTES = 2500;

type Config = { note: string };

const first: Manifest<Config> = {
  formatVersion: 1,
  version: 1,
  uuid: collection,
  createdAt: '2025-01-01T00:00:00.000Z',
  config: { note: 'first' },
  flushedSeq: 0,
  nextSegmentNumber: 1,
  segments: [],
};

/** What a user could know: what was acknowledged, and what was tried since without an answer. */
class Model {
  private readonly records = new Map<number, string>();
  private readonly tried = new Map<number, Set<string>>();
  private readonly manifests = new Map<number, Set<string>>();
  private acknowledged = 0;
  private version = 0;
  /** Makes every attempt tell itself apart from earlier ones with the same number. */
  attempts = 0;

  try(record: WalRecord): void {
    const texts = this.tried.get(record.seq) ?? new Set();
    this.tried.set(record.seq, texts.add(textOf(record)));
  }

  acknowledge(record: WalRecord): void {
    this.records.set(record.seq, textOf(record));
    this.acknowledged = Math.max(this.acknowledged, record.seq);
  }

  tryManifest(manifest: Manifest<Config>): void {
    const texts = this.manifests.get(manifest.version) ?? new Set();
    this.manifests.set(manifest.version, texts.add(JSON.stringify(manifest)));
  }

  acknowledgeManifest(manifest: Manifest<Config>): void {
    this.version = manifest.version;
  }

  /** What was recovered is durable from now on, acknowledged before or not. */
  checkRecovered(manifest: Manifest<Config>, recovered: readonly WalRecord[]): void {
    expect(manifest.version).toBeGreaterThanOrEqual(this.version);
    expect([...(this.manifests.get(manifest.version) ?? [])]).toContain(JSON.stringify(manifest));
    const seqs = recovered.map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.map((_, at) => manifest.flushedSeq + 1 + at));
    const last = Math.max(manifest.flushedSeq, seqs.at(-1) ?? 0);
    expect(last).toBeGreaterThanOrEqual(this.acknowledged);
    for (const record of recovered) {
      const known = this.records.get(record.seq);
      if (known !== undefined) expect(textOf(record)).toBe(known);
      else expect([...(this.tried.get(record.seq) ?? [])]).toContain(textOf(record));
      this.acknowledge(record);
    }
    this.acknowledgeManifest(manifest);
    this.tried.clear();
  }

  get isNew(): boolean {
    return this.version === 0;
  }
}

function textOf(record: WalRecord): string {
  const { seq, ops } = plain(record);
  return JSON.stringify({ seq, ops }, (_, value) => (typeof value === 'bigint' ? `${value}n` : value));
}

/** Opens, checks what is found against the model, then writes, flushes and drops, and closes. */
async function session(storage: FaultyStorage, model: Model): Promise<void> {
  const store = await openStore(storage, model);
  const writer = await WalWriter.open({
    ...locate(storage),
    after: store.current.flushedSeq,
    segmentBytes: SEGMENT_BYTES,
  });
  try {
    const recovered: WalRecord[] = [];
    for await (const record of readWal(locate(storage), { from: store.current.flushedSeq + 1 })) recovered.push(record);
    model.checkRecovered(store.current, recovered);
    for (const sizes of [[1], [2, 1], [3], [1, 1, 1]]) {
      await Promise.all(sizes.map((size) => appendGroup(writer, model, size)));
    }
    await flush(store, writer, model, writer.nextSeq - 3);
    for (const size of [1, 4, 1]) await appendGroup(writer, model, size);
    await flush(store, writer, model, writer.nextSeq - 1);
    await appendGroup(writer, model, 2);
  } finally {
    await writer.close();
  }
}

async function openStore(storage: FaultyStorage, model: Model): Promise<ManifestStore<Config>> {
  try {
    return await ManifestStore.open<Config>(storage, dir);
  } catch (error) {
    if (!(error instanceof VamanaError && error.code === 'NOT_FOUND' && model.isNew)) throw error;
    model.tryManifest(first);
    const store = await ManifestStore.create<Config>(storage, dir, first);
    model.acknowledgeManifest(first);
    return store;
  }
}

async function appendGroup(writer: WalWriter, model: Model, size: number): Promise<void> {
  const records = Array.from({ length: size }, (_, at): WalRecord => {
    const seq = writer.nextSeq + at;
    model.attempts += 1;
    // The same length for every attempt, so that one could be mistaken for another if anything allowed it.
    const vector = Buffer.alloc(seq % 3 === 0 ? 900 : 200, model.attempts % 256);
    const payload = encodePayload({ attempt: String(model.attempts).padStart(6, '0') });
    return { seq, ops: [{ kind: 'put', id: BigInt(seq), row: seq, dead: null, vector, payload }] };
  });
  for (const record of records) model.try(record);
  await writer.appendGroup(records);
  for (const record of records) model.acknowledge(record);
}

async function flush(store: ManifestStore<Config>, writer: WalWriter, model: Model, seq: number): Promise<void> {
  const { current } = store;
  model.attempts += 1;
  const next = applyEdit(current, {
    flushedSeq: seq,
    config: { note: `attempt ${model.attempts}` },
    removeSegments: current.segments.slice(0, -1).map(({ number }) => number),
    addSegments: [
      {
        number: current.nextSegmentNumber,
        uuid: `00112233-4455-4677-8899-${String(model.attempts).padStart(12, '0')}`,
        rows: 1,
        firstRow: seq,
        lastRow: seq,
        bytes: 4096,
        createdAt: first.createdAt,
        level: 0,
      },
    ],
  });
  model.tryManifest(next);
  await store.publish(next);
  model.acknowledgeManifest(next);
  await writer.dropThrough(seq);
}

function isExpected(error: unknown): boolean {
  return error instanceof VamanaError && (error.code === 'IO' || error.code === 'DISK_FULL');
}

/** Runs a session, and takes for granted only that it ends. */
async function attempt(storage: FaultyStorage, model: Model): Promise<boolean> {
  try {
    await session(storage, model);
    return true;
  } catch (error) {
    if (!isExpected(error)) throw error;
    return false;
  }
}

async function callsOf(sessions: number): Promise<number> {
  const storage = emptyStorage();
  const model = new Model();
  for (let run = 0; run < sessions; run += 1) await session(storage, model);
  return storage.calls.length;
}

/** Names the case in whatever goes wrong. */
async function named(name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

it('loses nothing when the power goes after any call, again and again', async () => {
  const calls = await callsOf(2);
  expect(calls).toBeGreaterThan(100);
  for (let cut = 0; cut <= calls; cut += 1) {
    await named(`power cut after call ${cut}`, async () => {
      const random = generator(cut);
      const model = new Model();
      let storage = emptyStorage();
      storage.cutPowerAfter(cut);
      while (await attempt(storage, model));
      for (let round = 0; round < 2; round += 1) {
        storage = storage.powerCut(cut + round);
        storage.cutPowerAfter(Math.floor(random() * 60));
        await attempt(storage, model);
      }
      await session(storage.powerCut(cut), model);
    });
  }
});

it('loses nothing when any one call fails, and ends in a clear error', async () => {
  const calls = await callsOf(2);
  for (let nth = 1; nth <= calls; nth += 1) {
    const errno: Fault['errno'] = nth % 2 === 0 ? 'ENOSPC' : 'EIO';
    await named(`${errno} in call ${nth}`, async () => {
      const model = new Model();
      const storage = emptyStorage(nth);
      storage.failAt({ nth, errno });
      const done: boolean[] = [];
      for (let run = 0; run < 3; run += 1) done.push(await attempt(storage, model));
      expect(done.filter((ended) => !ended).length).toBeLessThanOrEqual(1);
      await session(storage.powerCut(nth), model);
    });
  }
});

it('loses nothing when a sync fails and the power goes soon after', async () => {
  for (let seed = 0; seed < 60; seed += 1) {
    await named(`seed ${seed}`, async () => {
      const random = generator(seed);
      const model = new Model();
      let storage = emptyStorage(seed);
      for (let round = 0; round < 3; round += 1) {
        storage.failAt({ nth: 1 + Math.floor(random() * 12), kind: 'datasync', errno: 'EIO' });
        storage.cutPowerAfter(20 + Math.floor(random() * 120));
        while (!storage.isOff) await attempt(storage, model);
        storage = storage.powerCut(seed + round);
      }
      await session(storage, model);
    });
  }
});
