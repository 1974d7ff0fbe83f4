// A scripted run of a collection in which one call to the storage of log and manifest fails, wherever in it: the error
// is a clear one, what is open goes on answering, and after opening again (with or without a power cut) all that was
// acknowledged is there. Called by collection-faults.test.ts and long/faults.ts.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Collection } from '../src/collection/collection.js';
import { type ErrorCode, VamanaError } from '../src/index.js';
import type { CallKind, Fault, FaultyStorage } from './faulty-storage.js';
import { Random } from './random-writes.js';
import { CollectionStorage, ScriptedCollection } from './scripted-collection.js';

const EXPECTED = { EIO: 'IO', ENOSPC: 'DISK_FULL' } as const;

export interface FaultReport {
  faults: number;
  /** Where the error came out first. */
  seen: Record<string, number>;
}

/** The calls of a run without a fault. */
export async function callsOfRun(seed: number): Promise<readonly CallKind[]> {
  const folder = mkdtempSync(join(tmpdir(), 'vamana-fault-'));
  try {
    const run = new FaultRun(folder, seed);
    await run.session(0);
    await run.session(1);
    return run.storage.calls;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function runFaults(seed: number, stride: number): Promise<FaultReport> {
  const calls = await callsOfRun(seed);
  const report: FaultReport = { faults: 0, seen: {} };
  // The first calls make the first manifest.
  for (let nth = 1 + (seed % stride); nth <= calls.length; nth += stride) {
    const errno: Fault['errno'] = (nth + seed) % 2 === 0 ? 'ENOSPC' : 'EIO';
    const folder = mkdtempSync(join(tmpdir(), 'vamana-fault-'));
    try {
      const run = new FaultRun(folder, seed, { nth, errno });
      await run.all();
      report.faults += 1;
      report.seen[run.seen] = (report.seen[run.seen] ?? 0) + 1;
    } catch (error) {
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
      throw new Error(`seed ${seed}, ${errno} in call ${nth} of ${calls.length} (${calls[nth - 1]}): ${detail}`, {
        cause: error,
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return report;
}

class FaultRun {
  /** Where the fault came out. */
  seen = 'nowhere';
  storage: CollectionStorage;
  private readonly scripted: ScriptedCollection;
  private readonly code: ErrorCode | null;

  constructor(
    folder: string,
    private readonly seed: number,
    private readonly fault: Fault | null = null,
  ) {
    this.scripted = new ScriptedCollection(folder, seed);
    this.storage = new CollectionStorage(seed, this.scripted.paths);
    this.code = fault === null ? null : EXPECTED[fault.errno];
  }

  async all(): Promise<void> {
    if (this.fault !== null) this.storage.failAt(this.fault);
    for (const part of [0, 1]) {
      if (await this.session(part)) continue;
      // Opening again settles what the failure left open; a power cut may come first.
      const random = new Random(this.seed + (this.fault?.nth ?? 0));
      if (random.chance(0.5)) this.storage = restored(this.storage.powerCut(random.int(1_000_000)), this.scripted);
    }
    const collection = await this.open();
    assert.ok(collection !== null, 'opening again, without a fault, failed');
    if (this.seen !== 'nowhere') this.storage.failAt({ nth: Number.POSITIVE_INFINITY, errno: 'EIO' });
    await this.scripted.write(collection);
    await collection.flush();
    await this.scripted.compare(collection);
    await collection.close();
    const segments = readdirSync(this.scripted.paths.segmentsDir).length;
    const again = await this.scripted.open(this.storage);
    assert.equal(segments, again.status().segments.length, 'folders of segments that are nobody’s');
    await this.scripted.compare(again);
    await again.close();
  }

  /** Whether nothing failed in it. */
  async session(part: number): Promise<boolean> {
    if (part === 0 && !(await this.succeeds('create', () => this.scripted.create(this.storage)))) {
      await this.recreate();
      return false;
    }
    const collection = await this.open();
    if (collection === null) return false;
    let good = true;
    const { scripted } = this;
    for (const size of part === 0 ? [1, 2, 1, 3, 1, 1] : [1, 3, 1, 2]) {
      const writes = Array.from({ length: size }, () => this.succeeds('write', () => scripted.write(collection)));
      good = (await Promise.all(writes)).every((each) => each) && good;
      if (!good) break;
    }
    const wrote = good;
    good = (await this.succeeds('flush', () => collection.flush())) && good;
    await this.checkOpen(collection, wrote);
    return (await this.succeeds('close', () => collection.close())) && this.seen === 'nowhere' && good;
  }

  /** It reads as before, and refuses writes with the reason if it may have lost one; a flush does not. */
  private async checkOpen(collection: Collection, wrote: boolean): Promise<void> {
    const { scripted } = this;
    const { seq, writeError, flushError } = collection.status();
    assert.ok(wrote ? writeError === null : (writeError ?? flushError) !== null, `writeError ${writeError}`);
    assert.ok(seq >= scripted.acknowledged && seq <= scripted.model.seq);
    await scripted.compare(collection, seq);
    // The fault may still be to come.
    if (wrote) await this.succeeds('late write', () => scripted.write(collection));
    else if (writeError !== null) {
      const refusal = await collection.delete([1]).then(
        () => null,
        (error: unknown) => error,
      );
      assert.ok(refusal instanceof VamanaError && refusal.code === this.code, `a write after a failed one: ${refusal}`);
    }
  }

  /** Null when the fault met it. */
  private async open(): Promise<Collection | null> {
    const { scripted } = this;
    let collection: Collection | null = null;
    await this.succeeds('open', async () => {
      collection = await scripted.open(this.storage);
    });
    if (collection === null) return null;
    const { seq } = (collection as Collection).status();
    const { acknowledged, model } = scripted;
    assert.ok(seq >= acknowledged && seq <= model.seq, `found batch ${seq}, expected ${acknowledged} to ${model.seq}`);
    scripted.resume(seq);
    await scripted.compare(collection);
    return collection;
  }

  // Whether a failed creation left a manifest is not known; as database.ts does, what it left is thrown away.
  private async recreate(): Promise<void> {
    this.storage = new CollectionStorage(this.seed, this.scripted.paths);
    await this.scripted.create(this.storage);
  }

  private async succeeds(where: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof VamanaError) || error.code !== this.code) throw error;
      assert.match(error.message, /\/collection\b/, 'the message names no file');
      if (this.seen === 'nowhere') this.seen = where;
      return false;
    }
  }
}

function restored(cut: FaultyStorage, { paths }: ScriptedCollection): CollectionStorage {
  const storage = new CollectionStorage(7, paths);
  for (const [path, bytes] of cut.bytes) storage.put(path, bytes);
  return storage;
}
