// How writes, flushes and closing meet: writers that go on in whatever turn they were answered in, deltas that fill
// faster than they are written, a collection that is closed while writes wait for room. What was once seen to hang.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Collection, type Database, type OpenOptions, open, VamanaError } from '../src/index.js';

let dir: string;
let database: Database | undefined;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'vamana-test-'));
});

afterEach(async () => {
  await database?.close();
  database = undefined;
  await rm(dir, { recursive: true, force: true });
});

async function createCollection(options: OpenOptions): Promise<Collection> {
  database = await open(dir, { threads: 1, sync: 'none', reserveBytes: 0, ...options });
  return database.createCollection('c', { dim: 2, degree: 4, buildList: 8, codeBytes: 2 });
}

const point = (id: number) => ({ id, vector: [id % 97, id % 89], payload: { id } });

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await null;
}

it('takes a write in whatever turn after an acknowledgement it comes', async () => {
  const collection = await createCollection({});
  for (let hops = 0; hops < 24; hops += 1) {
    await collection.upsert([point(hops)]);
    await turns(hops);
    await collection.upsert([point(hops + 100)]);
  }
  expect(collection.count()).toBe(48);
});

it('flushes in whatever turn after a flush it is asked to', async () => {
  const collection = await createCollection({});
  for (let hops = 0; hops < 24; hops += 1) {
    await collection.upsert([point(hops)]);
    const first = collection.flush();
    await collection.upsert([point(hops + 100)]);
    await first;
    await turns(hops);
    await collection.flush();
    expect(collection.status()).toMatchObject({ freshRows: 0, flushing: 0 });
  }
});

it('lets writers wait for a flush that is published while they do', async () => {
  const collection = await createCollection({ deltaRows: 3, writeTimeoutMs: 20_000 });
  const start = performance.now();
  for (let id = 0; id < 60; id += 3) await collection.upsert([point(id), point(id + 1), point(id + 2)]);
  expect(performance.now() - start).toBeLessThan(15_000);
  expect(collection.status()).toMatchObject({ points: 60, flushError: null });
});

it('ends soon and settles every write when it is closed while writes wait for room', async () => {
  const collection = await createCollection({ deltaRows: 64, writeTimeoutMs: 20_000 });
  const batch = (at: number) => Array.from({ length: 10 }, (_, i) => point(at * 10 + i));
  const writes = Array.from({ length: 600 }, (_, at) =>
    collection.upsert(batch(at)).then(
      () => 'acknowledged',
      (error: unknown) => (error instanceof VamanaError ? error.code : `${error}`),
    ),
  );
  await Promise.race([...writes.slice(0, 100)]);
  const start = performance.now();
  await collection.close();
  expect(performance.now() - start).toBeLessThan(5000);
  const ends = await Promise.all(writes);
  expect(ends.filter((end) => end !== 'acknowledged' && end !== 'CLOSED')).toEqual([]);
  await database?.close();
  database = await open(dir);
  const again = await database.collection('c');
  expect(again.count()).toBe(10 * ends.filter((end) => end === 'acknowledged').length);
});

it('gives timers and writes their turn while searches follow each other without a pause', async () => {
  const collection = await createCollection({ threads: 2 });
  await collection.upsert(Array.from({ length: 100 }, (_, id) => point(id)));
  let done = false;
  let inTurn = 0;
  let most = 0;
  const search = async (): Promise<void> => {
    while (!done) {
      await collection.search([1, 2], { k: 5 });
      inTurn += 1;
      most = Math.max(most, inTurn);
      const end = performance.now() + 0.2;
      while (performance.now() < end);
    }
  };
  const turn = (): NodeJS.Immediate =>
    setImmediate(() => {
      inTurn = 0;
      if (!done) turn();
    });
  turn();
  const searches = Array.from({ length: 8 }, search);
  for (let id = 0; id < 5; id += 1) await collection.upsert([point(id)]);
  done = true;
  await Promise.all(searches);
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThan(60);
});
