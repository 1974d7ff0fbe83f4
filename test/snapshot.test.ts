// Snapshots of real collections, taken while they are written, restored and compared with what they were taken of.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Collection, type Database, open, verifySnapshot } from '../src/index.js';
import { contentOf, type Model, RandomWriter, smallOptions } from './collections.js';
import { temporaryFolder } from './vector-files.js';

const folder = temporaryFolder();
const seed = Number(process.env.VAMANA_SEED ?? Date.now() % 2 ** 31);
let database: Database;
let collection: Collection;
let writer: RandomWriter;
let runs = 0;

beforeEach(async () => {
  runs += 1;
  database = await open(folder.file(`db-${runs}`), {
    deltaRows: 400,
    reserveBytes: 0,
    buildThreads: 1,
    threads: 1,
    sync: 'none',
  });
  collection = await database.createCollection('a', smallOptions);
  writer = new RandomWriter(seed + runs);
  for (let batch = 0; batch < 60; batch += 1) await writer.write(collection);
  await collection.flush();
  for (let batch = 0; batch < 20; batch += 1) await writer.write(collection);
});

afterEach(() => database.close());

/** A folder on another file system than the temporary one; null where there is none. */
const otherDisk =
  ['/dev/shm', '/var/tmp'].find((dir) => existsSync(dir) && statSync(dir).dev !== statSync(folder.path).dev) ?? null;

const target = (name: string): string => folder.file(`${name}-${runs}`);

describe(`a snapshot (seed ${seed})`, () => {
  it('holds what was there, and restores to it', async () => {
    const taken = await collection.snapshot(target('s'));
    const before = writer.copy();
    expect(taken).toMatchObject({ name: 'a', points: before.size, seq: collection.status().seq });
    expect(taken.linkedBytes).toBeGreaterThan(0);
    for (let batch = 0; batch < 20; batch += 1) await writer.write(collection);
    const restored = await database.restoreCollection('b', target('s'));
    expect(await contentOf(restored)).toEqual(before);
    expect(await contentOf(collection)).toEqual(writer.model);
    await restored.upsert([{ id: 1, vector: [1, 2, 3, 4, 5, 6, 7, 8] }]);
    await restored.flush();
    expect((await verifySnapshot(target('s'))).problems).toEqual([]);
  });

  it('is of one moment, whatever is written and flushed meanwhile', async () => {
    const states = new Map<number, Model>();
    let stop = false;
    const writing = (async () => {
      while (!stop) {
        await writer.write(collection);
        states.set(collection.status().seq, writer.copy());
      }
    })();
    const flushing = (async () => {
      while (!stop) await collection.flush();
    })();
    for (let at = 0; at < 3; at += 1) {
      const taken = await collection.snapshot(target(`s${at}`));
      const restored = await database.restoreCollection('b', target(`s${at}`), { replace: true });
      expect(await contentOf(restored), `snapshot ${at}`).toEqual(states.get(taken.seq));
      expect(taken.pausedMs).toBeLessThan(1000);
    }
    stop = true;
    await Promise.all([writing, flushing]);
  });

  it('of an empty collection can be restored', async () => {
    const empty = await database.createCollection('empty', smallOptions);
    expect(await empty.snapshot(target('s'))).toMatchObject({ points: 0, seq: 0 });
    const restored = await database.restoreCollection('again', target('s'));
    expect(restored.count()).toBe(0);
    await restored.upsert([{ id: 1, vector: [1, 2, 3, 4, 5, 6, 7, 8] }]);
    expect(restored.count()).toBe(1);
  });

  it.skipIf(otherDisk === null)('on another file system is a copy', async () => {
    const dir = mkdtempSync(join(otherDisk ?? '', 'vamana-test-'));
    try {
      const taken = await collection.snapshot(join(dir, 's'));
      expect(taken.linkedBytes).toBe(0);
      const restored = await database.restoreCollection('b', join(dir, 's'));
      expect(await contentOf(restored)).toEqual(writer.model);
      expect((await restored.verify()).problems).toEqual([]);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('is not taken over what stands, and leaves nothing when it fails', async () => {
    await collection.snapshot(target('s'));
    await expect(collection.snapshot(target('s'))).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    await expect(collection.snapshot(join(target('none'), 's'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const signal = AbortSignal.abort();
    await expect(collection.snapshot(target('t'), { signal })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(readdirSync(folder.path).filter((name) => name.includes('.tmp'))).toEqual([]);
    expect(existsSync(target('t'))).toBe(false);
  });

  it('with any file damaged is refused before anything is replaced', async () => {
    const good = target('s');
    await collection.snapshot(good);
    const before = await contentOf(collection);
    const files = readdirSync(good, { recursive: true, encoding: 'utf8' }).filter((path) =>
      statSync(join(good, path)).isFile(),
    );
    expect(files.length).toBeGreaterThanOrEqual(8);
    for (const path of files) {
      const bad = target('bad');
      cpSync(good, bad, { recursive: true });
      const bytes = readFileSync(join(bad, path));
      const at = (seed * 7919 + path.length) % bytes.length;
      bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      writeFileSync(join(bad, path), bytes);
      await expect(
        database.restoreCollection('a', bad, { replace: true }),
        `byte ${at} of ${path}`,
      ).rejects.toMatchObject({
        code: 'CORRUPT',
      });
      rmSync(bad, { recursive: true });
    }
    expect(await contentOf(await database.collection('a'))).toEqual(before);
    expect(readdirSync(join(database.dir, 'collections'))).toEqual(['a']);
  });

  it('with a file too few or too many is refused', async () => {
    const dir = target('s');
    await collection.snapshot(dir);
    writeFileSync(join(dir, 'more'), '');
    expect((await verifySnapshot(dir)).problems).toMatchObject([
      { code: 'CORRUPT', message: expect.stringMatching(/more does not belong/) },
    ]);
    rmSync(join(dir, 'more'));
    rmSync(join(dir, 'meta', 'data.mdb'));
    await expect(database.restoreCollection('b', dir)).rejects.toMatchObject({
      message: expect.stringMatching(/data\.mdb is missing/),
    });
    rmSync(join(dir, 'SNAPSHOT'));
    await expect(verifySnapshot(dir)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await database.listCollections()).toEqual(['a']);
  });

  it('replaces a collection only when asked', async () => {
    await collection.snapshot(target('s'));
    const before = writer.copy();
    for (let batch = 0; batch < 10; batch += 1) await writer.write(collection);
    await expect(database.restoreCollection('a', target('s'))).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(await contentOf(collection)).toEqual(writer.model);
    const restored = await database.restoreCollection('a', target('s'), { replace: true });
    expect(await contentOf(restored)).toEqual(before);
    await expect(collection.retrieve([1])).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('a restore cut short', () => {
  const collections = (): string => join(database.dir, 'collections');

  it('between its two renames gives the old collection back', async () => {
    await database.close();
    renameSync(join(collections(), 'a'), join(collections(), '.replaced-a'));
    mkdirSync(join(collections(), 'a.tmp'));
    database = await open(database.dir, { reserveBytes: 0 });
    expect(readdirSync(collections())).toEqual(['a']);
    expect(await contentOf(await database.collection('a'))).toEqual(writer.model);
  });

  it('after them goes on with the new one', async () => {
    await database.close();
    mkdirSync(join(collections(), '.replaced-a'));
    writeFileSync(join(collections(), '.replaced-a', 'old'), '');
    database = await open(database.dir, { reserveBytes: 0 });
    expect(readdirSync(collections())).toEqual(['a']);
  });
});
