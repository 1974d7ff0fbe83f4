// From one vector space to another on a live collection: adding, dual writes, a backfill that is killed and goes on, the
// comparison, the switch and the end of the old space; and what is refused.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BackfillEntry, type Collection, type Database, open, type RuntimeOptions } from '../src/index.js';
import { runKilled } from './killed-child.js';
import { MOVED_POINTS, movedVector } from './migration-points.js';
import { Random } from './random-writes.js';
import { temporaryFolder } from './vector-files.js';

const folder = temporaryFolder();
const OPTIONS: RuntimeOptions = { threads: 1, reserveBytes: 0, maintenance: { auto: false } };
const POINTS = 400;
const DIM = 4;

let dir: string;
let database: Database;
let collection: Collection;
let made = 0;

const oldOf = (id: number): number[] =>
  Array.from({ length: DIM }, (_, at) => Math.sin(id * 12.9898 + at * 78.233) * 10);
/** Of the same order of neighbours: the old vector, scaled, and a constant. */
const freshOf = (id: number): number[] => [...oldOf(id).map((value) => 3 * value), 1];

beforeEach(async () => {
  made += 1;
  dir = folder.file(`migration-${made}`);
  database = await open(dir, OPTIONS);
  collection = await database.createCollection('points', { dim: DIM, degree: 8, buildList: 16, codeBytes: 4 });
  await collection.upsert(Array.from({ length: POINTS }, (_, id) => ({ id, vector: oldOf(id), payload: { id } })));
  await collection.flush();
});
afterEach(() => database.close());

async function reopen(): Promise<void> {
  await database.close();
  database = await open(dir, OPTIONS);
  collection = await database.collection('points');
}

function* entries(from: number): Generator<BackfillEntry> {
  for (let id = from; id < POINTS; id += 1) yield { id, vector: freshOf(id) };
}

const v2 = { dim: DIM + 1, degree: 8, buildList: 16, codeBytes: 5, model: 'embed-2' };

it('is whole at every step when the process is killed', async () => {
  const seed = Number(process.env.SEED ?? 5);
  const random = new Random(seed);
  const options = { dim: 3, degree: 6, buildList: 12, codeBytes: 3 };
  const before = await database.createCollection('moved', { spaces: { v0: options } });
  const ids = Array.from({ length: MOVED_POINTS }, (_, id) => id);
  await before.upsert(ids.map((id) => ({ id, vectors: { v0: movedVector('v0', id) } })));
  const seen = new Set<string>();
  for (let round = 0; round < 8; round += 1) {
    await database.close();
    const output = await runKilled('migration-child.js', [dir, seed, round], 5 + random.int(250));
    seen.add(/(\w+)[^\n]*\n?$/.exec(output)?.[1] ?? '');
    database = await open(dir, OPTIONS);
    const moved = await database.collection('moved');
    const label = `seed ${seed}, round ${round}, after ${output.slice(-60)}`;
    expect((await moved.verify()).problems, label).toEqual([]);
    expect(moved.count(), label).toBe(MOVED_POINTS);
    // What is asked by default is whole; another one that is there is being filled, or about to go.
    const [current] = moved.spaces.status();
    for await (const { id, vectors = {} } of moved.scroll({ withVector: true })) {
      expect(Object.keys(vectors), label).toContain(current?.name);
      for (const [name, vector] of Object.entries(vectors)) {
        expect([...vector], `${label}: ${name} of ${id}`).toEqual(movedVector(name, Number(id)));
      }
    }
  }
  expect(seen.size).toBeGreaterThan(1);
}, 120_000);

describe('a space that is added', () => {
  it('is there after opening again, and the old vectors are as they were', async () => {
    await collection.spaces.add('v2', v2);
    await collection.upsert([{ id: 1000, vector: oldOf(1000), vectors: { v2: freshOf(1000) } }]);
    for (let time = 0; time < 2; time += 1) {
      expect(collection.status().spaces?.map(({ name, dim, isDefault }) => [name, dim, isDefault])).toEqual([
        ['', DIM, true],
        ['v2', DIM + 1, false],
      ]);
      const [first, added] = await collection.retrieve([3, 1000], { withVector: true });
      expect([first?.vector, first?.vectors]).toEqual([Float32Array.from(oldOf(3)), {}]);
      expect([added?.vector, added?.vectors]).toEqual([
        Float32Array.from(oldOf(1000)),
        { v2: Float32Array.from(freshOf(1000)) },
      ]);
      expect((await collection.search(oldOf(3), { k: 1 }))[0]?.id).toBe(3n);
      expect((await collection.search(freshOf(3), { k: 9, using: 'v2' })).map(({ id }) => id)).toEqual([1000n]);
      expect((await collection.verify()).problems).toEqual([]);
      if (time === 0) await reopen();
    }
  });

  it('is filled once, whatever is written meanwhile, and goes on where it was stopped', async () => {
    await collection.spaces.add('v2', v2);
    await collection.upsert([{ id: 5, vector: oldOf(5), vectors: { v2: [9, 9, 9, 9, 9] } }]);
    await collection.delete([6]);
    const stop = new AbortController();
    const began: number[] = [];
    const source = (position: number) => {
      began.push(position);
      return entries(position);
    };
    const stopped = collection.spaces.backfill('v2', source, {
      batchPoints: 50,
      model: 'embed-2',
      signal: stop.signal,
      onProgress: ({ position }) => position >= 150 && stop.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'ABORTED', message: /entry 150/ });
    await reopen();
    const done = await collection.spaces.backfill('v2', source, { batchPoints: 50 });
    expect([began, done]).toEqual([[0, 150], { position: POINTS, written: POINTS - 150, passedOver: 0 }]);
    const [kept] = await collection.retrieve([5], { withVector: true });
    expect(kept?.vectors?.v2).toEqual(Float32Array.of(9, 9, 9, 9, 9));
    expect(await collection.countWhere({ must: [{ has_vector: 'v2' }] })).toBe(POINTS - 1);
    const again = await collection.spaces.backfill('v2', source, { restart: true });
    expect(again).toEqual({ position: POINTS, written: 0, passedOver: POINTS });
    expect((await collection.verify()).problems).toEqual([]);
  });

  it('is filled no faster than it may be', async () => {
    await collection.spaces.add('v2', v2);
    const began = performance.now();
    await collection.spaces.backfill('v2', entries, { batchPoints: 100, pointsPerSecond: 1000 });
    expect(performance.now() - began).toBeGreaterThanOrEqual(350);
  });

  it('takes over as the default, and the old one goes with its files', async () => {
    await collection.spaces.add('v2', v2);
    await collection.spaces.backfill('v2', entries);
    const compared = await collection.spaces.compare('', 'v2', { queries: 40, k: 5 });
    expect(compared).toMatchObject({ k: 5, queries: 40, overlapExact: 1 });
    expect(Math.min(compared.overlap, compared.recall[''] ?? 0, compared.recall.v2 ?? 0)).toBeGreaterThan(0.9);
    await expect(collection.spaces.drop('')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: /choose another/,
    });
    await collection.spaces.setDefault('v2');
    expect((await collection.search(freshOf(3), { k: 1 }))[0]?.id).toBe(3n);
    await collection.spaces.drop('');
    for (let time = 0; time < 2; time += 1) {
      expect(collection.count()).toBe(POINTS);
      expect((await collection.search(freshOf(3), { k: 1 }))[0]?.id).toBe(3n);
      await expect(collection.search(oldOf(3), { using: '' })).rejects.toThrow(/no vector named ""/);
      expect((await collection.retrieve([3], { withVector: true }))[0]).toMatchObject({ payload: { id: 3 } });
      expect((await collection.verify()).problems).toEqual([]);
      const named = collection.status().segments.map(({ number }) => String(number));
      expect(readdirSync(join(dir, 'collections', 'points', 'segments')).sort()).toEqual(named.sort());
      if (time === 0) await reopen();
    }
    // A space of the same name is another one: nothing of the old one comes back.
    await collection.spaces.add('', { dim: DIM, degree: 8, buildList: 16, codeBytes: 4 });
    expect(await collection.search(oldOf(3), { using: '', k: 5 })).toEqual([]);
    expect((await collection.verify()).problems).toEqual([]);
  });

  it('is refused where there is one of that name, or it is no space', async () => {
    await collection.spaces.add('v2', v2);
    await expect(collection.spaces.add('v2', v2)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    await expect(collection.spaces.add('', v2)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    await expect(collection.spaces.add('v3', { dim: 0 })).rejects.toThrow(/spaces\.v3\.dim/);
    await expect(collection.spaces.drop('v4')).rejects.toThrow(/no vector named "v4"/);
    await expect(collection.spaces.setDefault('v4')).rejects.toThrow(/no vector named "v4"/);
    await expect(collection.spaces.backfill('v2', entries, { model: 'embed-1' })).rejects.toThrow(
      /embed-2, found some of embed-1/,
    );
    await expect(collection.spaces.backfill('v4', entries)).rejects.toThrow(/no vector named "v4"/);
  });
});
