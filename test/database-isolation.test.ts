// Collections beside each other and over each other's ends: several at once, dropping and closing while calls are in
// flight, two processes and one folder, names that are made twice.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadNative } from '../src/binding.js';
import { type Collection, type Database, type OpenOptions, open, VamanaError } from '../src/index.js';

const CONFIG = { dim: 4, degree: 8, buildList: 16, codeBytes: 4 };

let dir: string;
let opened: Database[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'vamana-test-'));
  opened = [];
});

afterEach(async () => {
  for (const database of opened) await database.close();
  await rm(dir, { recursive: true, force: true });
});

async function openDatabase(options: OpenOptions = {}): Promise<Database> {
  const database = await open(dir, { threads: 2, reserveBytes: 0, ...options });
  opened.push(database);
  return database;
}

const points = (from: number, count: number, tag = 0) =>
  Array.from({ length: count }, (_, i) => ({
    id: from + i,
    vector: [(from + i) % 97, (from + i) % 89, tag, 1],
    payload: { tag },
  }));

/** The code it is rejected with, or what it resolves to. */
async function endOf<T>(work: Promise<T>): Promise<T | string> {
  return work.catch((error: unknown) => (error instanceof VamanaError ? error.code : `not a VamanaError: ${error}`));
}

/** Writes, searches, reads and flushes at once; each ends by itself. */
function everything(collection: Collection): Promise<unknown>[] {
  return [
    ...Array.from({ length: 20 }, (_, i) => endOf(collection.upsert(points(i * 7, 5, i)))),
    ...Array.from({ length: 20 }, (_, i) =>
      endOf(collection.search([i, i, 0, 1], { k: 50, exact: i % 2 === 0, withVector: true, withPayload: true })),
    ),
    ...Array.from({ length: 5 }, () => endOf(collection.retrieve([1, 2, 3], { withVector: true }))),
    ...Array.from({ length: 5 }, () => endOf(collection.scrollPage(100, { withVector: true }))),
    endOf(collection.delete([1, 2])),
    endOf(collection.flush()),
    endOf(collection.linked()),
    endOf(
      (async () => {
        for await (const _ of collection.scroll({ withVector: true }));
      })(),
    ),
    endOf(collection.deleteWhere(({ payload }) => payload?.tag === 3)),
  ];
}

function expectEnds(ends: readonly unknown[]): void {
  expect(ends.filter((end) => typeof end === 'string' && end !== 'CLOSED')).toEqual([]);
}

it('keeps collections apart', async () => {
  const database = await openDatabase({ deltaRows: 50 });
  const made = await Promise.all(
    [1, 2, 3].map((tag) => database.createCollection(`c${tag}`, { ...CONFIG, metric: tag === 2 ? 'dot' : 'l2' })),
  );
  await Promise.all(
    made.flatMap((collection, at) =>
      [0, 1, 2].map((part) => collection.upsert(points(part * 40, 40 * (at + 1) - part, at + 1))),
    ),
  );
  expect(await database.listCollections()).toEqual(['c1', 'c2', 'c3']);
  await database.dropCollection('c2');
  await expect(database.collection('c2')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await database.close();
  const again = await openDatabase();
  for (const tag of [1, 3]) {
    const collection = await again.collection(`c${tag}`);
    for await (const { payload } of collection.scroll()) expect(payload).toEqual({ tag });
  }
  expect(await again.listCollections()).toEqual(['c1', 'c3']);
});

it('makes a collection once, however many ask for it at a time', async () => {
  const database = await openDatabase();
  const ends = await Promise.all([1, 2, 3, 4].map(() => endOf(database.createCollection('c', CONFIG))));
  expect(ends.filter((end) => end === 'ALREADY_EXISTS')).toHaveLength(3);
  const collection = await database.collection('c');
  await collection.upsert(points(0, 3));
  expect(collection.count()).toBe(3);
});

it('settles every call that is in flight when its collection is closed', async () => {
  const database = await openDatabase({ deltaRows: 30 });
  const collection = await database.createCollection('c', CONFIG);
  await collection.upsert(points(0, 200));
  for (const delay of [0, 1, 5, 20]) {
    const again = await database.collection('c');
    const ends = everything(again);
    await new Promise((resolve) => setTimeout(resolve, delay));
    await again.close();
    expectEnds(await Promise.all(ends));
    expect(await endOf(again.upsert(points(0, 1)))).toBe('CLOSED');
    expect(await endOf(again.search([1, 2, 3, 4]))).toBe('CLOSED');
    expect(await endOf(again.flush())).toBe('CLOSED');
  }
});

it('settles every call that is in flight when its database is closed', async () => {
  const database = await openDatabase({ deltaRows: 30 });
  const collection = await database.createCollection('c', CONFIG);
  await collection.upsert(points(0, 200));
  const ends = everything(collection);
  await database.close();
  expectEnds(await Promise.all(ends));
  expect(await endOf(Promise.resolve().then(() => database.collection('c')))).toBe('CLOSED');
});

it('settles every call that is in flight when its collection is dropped, and makes it anew', async () => {
  const database = await openDatabase({ deltaRows: 30 });
  for (let round = 0; round < 3; round += 1) {
    const collection = await database.createCollection('c', CONFIG);
    await collection.upsert(points(0, 200));
    const ends = everything(collection);
    const dropped = database.dropCollection('c');
    // It is there until it is gone, and never opened twice.
    const meanwhile = await endOf(database.collection('c').then((found) => found.upsert(points(500, 1))));
    if (typeof meanwhile === 'string') expect(['CLOSED', 'NOT_FOUND']).toContain(meanwhile);
    await dropped;
    expectEnds(await Promise.all(ends));
    expect(await readdir(join(dir, 'collections'))).toEqual([]);
    expect(await endOf(database.dropCollection('c'))).toBe('NOT_FOUND');
  }
});

it('opens a collection again that was closed by itself', async () => {
  const database = await openDatabase();
  const collection = await database.createCollection('c', CONFIG);
  await collection.upsert(points(0, 10));
  const closing = collection.close();
  const again = await database.collection('c');
  expect(again.count()).toBe(10);
  await again.upsert(points(10, 1));
  await closing;
});

it('ends searches whose signal fires, and only those', async () => {
  const database = await openDatabase();
  const collection = await database.createCollection('c', CONFIG);
  await collection.upsert(points(0, 2000));
  const query = Float32Array.from({ length: 4 * 3000 }, (_, i) => i % 50);
  const controller = new AbortController();
  const aborted = endOf(collection.searchBatch(query, { exact: true, signal: controller.signal }));
  const other = endOf(collection.search([1, 2, 3, 4], { k: 3 }));
  controller.abort(new Error('enough'));
  expect(await aborted).toBe('ABORTED');
  expect(await other).toHaveLength(3);
  expect(await endOf(collection.search([1, 2, 3, 4], { signal: AbortSignal.abort() }))).toBe('ABORTED');
  const scroll = collection.scroll({ signal: AbortSignal.abort() });
  const read = async (): Promise<void> => {
    for await (const _ of scroll);
  };
  expect(await endOf(read())).toBe('ABORTED');
  await collection.upsert(points(0, 1));
});

it('refuses a second process, and takes the folder over from one that was killed', async () => {
  const addon = join(import.meta.dirname, '../build/Release/vamana.node');
  const script = `
    const lock = require(process.argv[1]).lockFile(process.argv[2]);
    process.stdout.write('held');
    setInterval(() => lock, 1000);`;
  await (await openDatabase()).close();
  await writeFile(join(dir, 'LOCK'), '{"pid":4242,"url":"http://localhost:6333"}\n');
  const child = spawn(process.execPath, ['-e', script, addon, join(dir, 'LOCK')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(child.stdout, 'data');
    const refusal = await open(dir).then(
      () => null,
      (error: unknown) => error,
    );
    expect(refusal).toMatchObject({ code: 'LOCKED' });
    expect(refusal).toBeInstanceOf(VamanaError);
    expect((refusal as Error).message).toMatch(/process 4242.*http:\/\/localhost:6333/);
  } finally {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  const database = await openDatabase();
  expect(JSON.parse(await readFile(join(dir, 'LOCK'), 'utf8'))).toEqual({ pid: process.pid, url: null });
  // Nor twice in one process.
  expect(await endOf(open(dir))).toBe('LOCKED');
  await database.close();
  expect(() => loadNative().lockFile(join(dir, 'LOCK')).release()).not.toThrow();
});

it('says in its own words what is wrong with a folder', async () => {
  const file = join(dir, 'file');
  await writeFile(file, 'no folder');
  expect(await endOf(open(join(file, 'database')))).toBe('NOT_FOUND');
  const database = await openDatabase();
  for (const name of ['', '.', '..', 'a/b', 'c.tmp', 'x'.repeat(201)]) {
    expect(await endOf(Promise.resolve().then(() => database.collection(name)))).toBe('INVALID_ARGUMENT');
  }
  expect(await endOf(database.collection('absent'))).toBe('NOT_FOUND');
});
