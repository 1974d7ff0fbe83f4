// Merges and rebuilds of a collection through the library: what they change and what they do not, taking them back, what
// is left on the disk, and that they begin by themselves. That points stay right is also proved by the model runs.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Generations } from '../src/collection/generations.js';
import { type Collection, type Database, open, type RuntimeOptions } from '../src/index.js';
import { openMetaStore } from '../src/meta/meta-store.js';
import { DIM, smallOptions } from './collections.js';
import { temporaryFolder } from './vector-files.js';

const folder = temporaryFolder();
const byHand: RuntimeOptions = { maintenance: { auto: false } };
const GROUP = 300;

let dir: string;
let database: Database;
let collection: Collection;
let opened = 0;

const vectorOf = (id: number): number[] =>
  Array.from({ length: DIM }, (_, at) => Math.sin(id * 12.9898 + at * 78.233) * 10);
const point = (id: number) => ({ id, vector: vectorOf(id), payload: { n: id } });

/** Groups of points, a segment each. */
async function fill(groups: number): Promise<void> {
  for (let group = 0; group < groups; group += 1) {
    await collection.upsert(Array.from({ length: GROUP }, (_, at) => point(group * GROUP + at)));
    await collection.flush();
  }
}

async function nearest(id: number, k = 5): Promise<number[]> {
  const found = await collection.search(vectorOf(id), { k, exact: true });
  return found.map((hit) => Number(hit.id));
}

const segments = (): number[] => collection.status().segments.map(({ number }) => number);
const folders = (): string[] => readdirSync(join(dir, 'collections', 'points', 'segments')).sort();

async function reopen(options: RuntimeOptions = byHand): Promise<void> {
  await database.close();
  database = await open(dir, options);
  collection = await database.collection('points');
}

beforeEach(async () => {
  opened += 1;
  dir = folder.file(`database-${opened}`);
  database = await open(dir, byHand);
  collection = await database.createCollection('points', smallOptions);
});
afterEach(() => database.close());

describe('compacting', () => {
  it('makes one segment of all, without the dead, and keeps every point', async () => {
    await fill(3);
    await collection.delete([0, 1, 2, GROUP, 2 * GROUP]);
    await collection.setPayload([5], { n: -5 });
    await collection.upsert([point(10_000)]);
    const before = await nearest(7);
    const job = await collection.compact();
    expect(job).toMatchObject({
      kind: 'major',
      state: 'DONE',
      segments: [1, 2, 3],
      into: 4,
      rows: 3 * GROUP - 5,
      error: null,
    });
    expect(job?.gates.map(({ gate, passed }) => [gate, passed])).toEqual(
      ['rows', 'recall', 'latency', 'memory', 'shadow', 'filters', 'changes'].map((gate) => [gate, true]),
    );
    expect(collection.status().segments).toMatchObject([{ number: 4, rows: 3 * GROUP - 5, level: 1 }]);
    expect(collection.status().lifecycle).toMatchObject({ state: 'ACTIVE', tombstones: 0 });
    expect(await nearest(7)).toEqual(before);
    expect((await collection.retrieve([5, 10_000])).map(({ payload }) => payload?.n)).toEqual([-5, 10_000]);
    expect(collection.count()).toBe(3 * GROUP - 4);
    await reopen();
    expect(await nearest(7)).toEqual(before);
    expect(collection.jobs()).toMatchObject([{ id: 1, state: 'DONE', progress: null }]);
    expect((await collection.verify()).problems).toEqual([]);
  });

  it('is of no use where there are no segments', async () => {
    expect(await collection.compact()).toBeNull();
    expect(collection.jobs()).toEqual([]);
  });

  it('leaves nothing of segments in which no row lives', async () => {
    await fill(1);
    await collection.deleteMatching({});
    expect(await collection.compact()).toMatchObject({ state: 'DONE', into: null, rows: null });
    expect([segments(), collection.count()]).toEqual([[], 0]);
    await collection.rollback();
    expect([segments(), collection.count()]).toEqual([[1], 0]);
  });

  it('goes on beside writes, which it does not undo', async () => {
    await fill(3);
    const compacting = collection.compact();
    await collection.delete([4]);
    await collection.upsert([{ ...point(9), vector: vectorOf(7) }, point(20_000)]);
    const flushing = collection.flush();
    await compacting;
    await flushing;
    expect(await collection.retrieve([4])).toEqual([]);
    expect((await nearest(7, 2)).sort((a, b) => a - b)).toEqual([7, 9]);
    expect(await nearest(4, 1)).not.toEqual([4]);
    expect(collection.count()).toBe(3 * GROUP);
    expect((await collection.verify()).problems).toEqual([]);
  });

  it('runs one job at a time, which can be cancelled', async () => {
    await fill(3);
    const compacting = collection.compact();
    await expect(collection.rebuild()).rejects.toMatchObject({ code: 'BUSY' });
    await expect(collection.rollback()).rejects.toMatchObject({ code: 'BUSY' });
    expect(collection.status().lifecycle.state).toBe('REBUILDING');
    expect(collection.cancelJob(1)).toBe(true);
    await expect(compacting).rejects.toMatchObject({ code: 'ABORTED' });
    expect(collection.cancelJob(1)).toBe(false);
    expect(collection.jobs()).toMatchObject([{ state: 'CANCELLED' }]);
    expect([segments(), folders()]).toEqual([
      [1, 2, 3],
      ['1', '2', '3'],
    ]);
    expect(await collection.compact()).toMatchObject({ id: 2, state: 'DONE' });
  });
});

describe('a rebuild', () => {
  it('makes a graph of other parameters, which stay those of the collection for later ones', async () => {
    await fill(2);
    const before = await nearest(11);
    const job = await collection.rebuild({ degree: 12, buildList: 40, code: 'rabitq', codeBytes: 8 });
    expect(job).toMatchObject({ kind: 'rebuild', state: 'DONE', into: 3 });
    expect(await nearest(11)).toEqual(before);
    expect(collection.config).toMatchObject({ degree: 12, buildList: 40, code: 'rabitq', codeBytes: 8 });
    await reopen();
    expect(collection.config).toMatchObject({ degree: 12, buildList: 40, code: 'rabitq', codeBytes: 8 });
    await expect(collection.rebuild({ codeBytes: 1 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(segments()).toEqual([3]);
  });

  it('stands still when it is told to, and goes on', async () => {
    await fill(2);
    const rebuilding = collection.rebuild();
    expect(collection.pauseJob(1)).toBe(true);
    await setTimeout(50);
    expect(collection.jobs()).toMatchObject([{ state: 'RUNNING', pauses: ['asked for'] }]);
    expect(await nearest(11, 1)).toEqual([11]);
    collection.pauseJob(1, false);
    expect(await rebuilding).toMatchObject({ state: 'DONE' });
    expect(collection.pauseJob(1)).toBe(false);
  });

  it('tells what it planned, took and was worth, also after the collection was opened again', async () => {
    await fill(2);
    const job = await collection.rebuild();
    expect(job).toMatchObject({ trigger: null, builtRows: 2 * GROUP, drift: null });
    for (const figure of [job?.plannedBytes, job?.peakBytes, job?.pausedMs, job?.swapMs]) {
      expect(figure).toBeGreaterThan(0);
    }
    expect(job?.recall).toBeGreaterThan(0.95);
    await reopen();
    expect(collection.jobs()).toMatchObject([{ ...job, progress: null, pauses: [] }]);
    expect(await collection.health()).toMatchObject({ reference: job?.recall });
  });

  it('is what inserted rows are counted from', async () => {
    await fill(1);
    await collection.rebuild();
    await collection.upsert(Array.from({ length: 2 * GROUP }, (_, at) => point(1000 + at)));
    await collection.flush();
    // The segment with the most rows is kept, and that is the flushed one here.
    expect(await collection.compact()).toMatchObject({ rows: 3 * GROUP, builtRows: 2 * GROUP });
    await collection.upsert(Array.from({ length: GROUP }, (_, at) => point(5000 + at)));
    await collection.flush();
    expect(await collection.compact()).toMatchObject({ rows: 4 * GROUP, builtRows: 2 * GROUP });
  });
});

describe('what a job replaced', () => {
  it('is kept for the time of grace, and comes back with what was written since', async () => {
    await fill(2);
    await collection.compact();
    expect(folders()).toEqual(['1', '2', '3']);
    await collection.delete([1]);
    await collection.upsert([point(30_000)]);
    await reopen();
    expect(folders()).toEqual(['1', '2', '3']);
    const generation = await collection.rollback();
    expect(generation).toMatchObject({ replacedBy: 3, segments: [{ number: 1 }, { number: 2 }] });
    expect([segments(), folders()]).toEqual([
      [1, 2],
      ['1', '2'],
    ]);
    expect(await collection.retrieve([1])).toEqual([]);
    expect(await nearest(30_000, 1)).toEqual([30_000]);
    expect(collection.count()).toBe(2 * GROUP);
    await reopen();
    expect((await collection.verify()).problems).toEqual([]);
    await expect(collection.rollback()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('comes back in the order in which it was replaced', async () => {
    await fill(2);
    await collection.compact();
    await collection.upsert([point(40_000)]);
    await collection.flush();
    await collection.compact();
    expect(segments()).toEqual([5]);
    await expect(collection.rollback(3)).rejects.toThrow('replaced by segment 5 since');
    await collection.rollback(5);
    expect(segments()).toEqual([3, 4]);
    await collection.rollback();
    expect(segments()).toEqual([1, 2, 4]);
    expect((await collection.verify()).problems).toEqual([]);
  });

  it('goes when its time is over, and not while files are read by their names', async () => {
    await fill(2);
    await reopen({ maintenance: { auto: false, graceMs: 0 } });
    const verifying = collection.verify();
    await collection.compact();
    expect((await verifying).problems).toEqual([]);
    for (let waits = 0; waits < 200 && folders().length > 1; waits += 1) await setTimeout(10);
    expect(folders()).toEqual(['3']);
    expect(collection.status().lifecycle.retired).toEqual([]);
    await expect(collection.rollback()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('goes when a reader of files has let go that came after it was no longer named', async () => {
    const { generations } = collection as unknown as { generations: Generations };
    mkdirSync(join(dir, 'collections', 'points', 'segments', '99'), { recursive: true });
    const letGo = generations.hold();
    await generations.removeFolders([99]);
    expect(folders()).toContain('99');
    letGo();
    // The queue works in order.
    await collection.flush();
    expect(folders()).not.toContain('99');
  });

  it('takes the memory of its dead rows along', async () => {
    await reopen({ maintenance: { auto: false, graceMs: 200 } });
    const ids = Array.from({ length: 1000 }, (_, id) => id);
    // A chunk of row numbers, of which none lives at the end.
    for (let round = 0; round <= 66; round += 1) {
      await collection.upsert(ids.map((id) => ({ id, vector: vectorOf(id) })));
      if (round % 33 === 0) await collection.flush();
    }
    await collection.flush();
    await collection.compact();
    const chunks = async (): Promise<number[]> => {
      await database.close();
      const meta = openMetaStore(join(dir, 'collections', 'points', 'meta'));
      const snapshot = meta.snapshot();
      const found = snapshot.deadChunks().map(({ chunk }) => chunk);
      await meta.close();
      database = await open(dir, byHand);
      collection = await database.collection('points');
      return found;
    };
    expect(await chunks()).toEqual([0, 1]);
    for (let waits = 0; waits < 200 && folders().length > 1; waits += 1) await setTimeout(10);
    // The queue works in order: what was begun by then is done.
    await collection.flush();
    expect(await chunks()).toEqual([1]);
    expect([collection.count(), (await collection.verify()).problems]).toEqual([1000, []]);
    expect(await collection.countWhere({ must_not: [{ has_id: [1] }] })).toBe(999);
    expect(await nearest(7, 1)).toEqual([7]);
  }, 120_000);

  it('is not in a snapshot', async () => {
    await fill(2);
    await collection.compact();
    await collection.snapshot(folder.file(`snapshot-${opened}`));
    const restored = await database.restoreCollection('again', folder.file(`snapshot-${opened}`));
    expect(restored.status().lifecycle.retired).toEqual([]);
    expect(restored.count()).toBe(2 * GROUP);
    expect((await restored.verify()).problems).toEqual([]);
  });
});

describe('the health of a collection', () => {
  it('is measured: recall, dead rows, segments', async () => {
    expect(await collection.health()).toMatchObject({ recall: null, queries: 0, tombstones: 0, segments: 0 });
    await fill(2);
    await collection.delete(Array.from({ length: GROUP / 2 }, (_, id) => id));
    const health = await collection.health();
    expect(health).toMatchObject({ queries: 200, reference: health.recall, tombstones: 0.25, segments: 2 });
    expect(health.recall).toBeGreaterThan(0.95);
    const { lifecycle } = collection.status();
    expect([lifecycle.state, lifecycle.health]).toEqual(['DEGRADED', health]);
    expect(lifecycle.reason).toBe('25.0% of the rows are dead, more than 20.0%');
  });
});

it('merges by itself what is too small, and tells of every step', async () => {
  const states: string[] = [];
  await database.close();
  database = await open(dir, {
    maintenance: {
      checkIntervalMs: 20,
      thresholds: { smallSegments: 3 },
      onTransition: ({ kind, state }) => states.push(`${kind} ${state}`),
    },
  });
  collection = await database.collection('points');
  await fill(4);
  for (let waits = 0; waits < 500 && !states.includes('minor DONE'); waits += 1) await setTimeout(10);
  expect(states.slice(0, 4)).toEqual(['minor RUNNING', 'minor VALIDATING', 'minor SWAPPING', 'minor DONE']);
  expect(collection.count()).toBe(4 * GROUP);
  expect(segments().length).toBeLessThanOrEqual(3);
});

it('removes what a job left that was cut short', async () => {
  await fill(2);
  await database.close();
  mkdirSync(join(dir, 'collections', 'points', 'segments', '3'));
  writeFileSync(join(dir, 'collections', 'points', 'segments', '3', 'vectors.seg'), 'half of it');
  database = await open(dir, byHand);
  collection = await database.collection('points');
  expect(folders()).toEqual(['1', '2']);
  expect(await collection.compact()).toMatchObject({ state: 'DONE', into: 3 });
});
