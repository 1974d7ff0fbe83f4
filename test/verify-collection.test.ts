// Whole collections, checked: nothing is found in sound ones, open or closed, and everything in damaged ones.
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, open, verifyCollection, verifyFolder } from '../src/index.js';
import type { MetaEffect } from '../src/meta/meta-batch.js';
import { openMetaStore } from '../src/meta/meta-store.js';
import { RandomWriter, smallOptions } from './collections.js';
import { temporaryFolder } from './vector-files.js';

const folder = temporaryFolder();
const seed = Number(process.env.VAMANA_SEED ?? Date.now() % 2 ** 31);
const root = folder.file('db');
const dir = join(root, 'collections', 'a');
const writer = new RandomWriter(seed);
const options = { reserveBytes: 0, threads: 1, buildThreads: 1 };
let database: Database;

beforeAll(async () => {
  database = await open(root, options);
  const collection = await database.createCollection('a', smallOptions);
  for (let flush = 0; flush < 2; flush += 1) {
    for (let batch = 0; batch < 30; batch += 1) await writer.write(collection);
    await collection.flush();
  }
  for (let batch = 0; batch < 10; batch += 1) await writer.write(collection);
});

afterAll(() => database.close());

/** A copy of the collection, damaged, and what the check finds in it. */
async function problemsOf(damage: (dir: string) => void | Promise<void>): Promise<{ code: string; message: string }[]> {
  const copy = folder.file('copy');
  cpSync(dir, copy, { recursive: true });
  try {
    await damage(copy);
    return (await verifyCollection(copy)).problems;
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** One more record, applied to the metadata only. */
async function change(copy: string, op: (first: { id: bigint; row: number }) => MetaEffect): Promise<void> {
  const meta = openMetaStore(join(copy, 'meta'));
  const snapshot = meta.snapshot();
  const [first] = snapshot.scan({}, 1);
  const { seq } = snapshot;
  snapshot.release();
  await meta.apply([{ seq: seq + 1, ops: [op(first as { id: bigint; row: number })] }]);
  await meta.close();
}

describe(`a collection (seed ${seed})`, () => {
  it('is sound while it is open, and written', async () => {
    const collection = await database.collection('a');
    let stop = false;
    const writing = (async () => {
      while (!stop) await writer.write(collection);
    })();
    const report = await collection.verify();
    stop = true;
    await writing;
    expect(report.problems).toEqual([]);
    expect(report).toMatchObject({ segments: 2, problemsFound: 0 });
    expect(report.records).toBeGreaterThanOrEqual(5);
    expect(report.points).toBeGreaterThan(100);
  });

  it('is not checked from another side while it is open', async () => {
    await expect(verifyCollection(dir)).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringMatching(/process \d+/),
    });
    await expect(verifyFolder(root)).rejects.toMatchObject({ code: 'LOCKED' });
  });

  it('is sound when it is closed, and with all the collections of its database', async () => {
    await database.close();
    const report = await verifyCollection(dir);
    expect(report).toMatchObject({ segments: 2, points: writer.model.size, tornTail: null, problems: [] });
    expect(await verifyFolder(root)).toEqual({ kind: 'database', reports: { a: report } });
  });

  it('with a byte changed in a segment, the log or the manifest is damaged', async () => {
    const files = readdirSync(dir, { recursive: true, encoding: 'utf8' })
      .filter((path) => /^(segments|wal|manifest)/.test(path) && statSync(join(dir, path)).isFile())
      .filter((path) => !path.startsWith('manifest') || path === newestManifest());
    expect(files.length).toBeGreaterThanOrEqual(10);
    for (const path of files) {
      const problems = await problemsOf((copy) => flip(join(copy, path)));
      expect(problems[0], path).toMatchObject({
        code: 'CORRUPT',
        message: expect.stringContaining(join('copy', path)),
      });
    }
  });

  it('without a segment, its log or its metadata is damaged', async () => {
    expect(await problemsOf((copy) => rmSync(join(copy, 'segments', '2'), { recursive: true }))).toMatchObject([
      { code: 'NOT_FOUND' },
    ]);
    const logless = await problemsOf((copy) => rmSync(join(copy, 'wal'), { recursive: true }));
    expect(logless).toMatchObject([
      { code: 'CORRUPT', message: expect.stringMatching(/the log ends with record \d+, expected \d+/) },
    ]);
    const metaless = await problemsOf((copy) => rmSync(join(copy, 'meta'), { recursive: true }));
    expect(metaless.at(-1)).toMatchObject({ code: 'CORRUPT', message: expect.stringMatching(/data\.mdb is missing/) });
  });

  it('whose points and rows do not belong together is damaged', async () => {
    const lost = await problemsOf((copy) =>
      change(copy, ({ id, row }) => ({ kind: 'put', id, row: row + 100_000, dead: row, payload: null })),
    );
    // The log does not have the record either.
    expect(lost.map(({ code }) => code).sort()).toEqual(['CORRUPT']);
    const orphans = await problemsOf(async (copy) => {
      const meta = openMetaStore(join(copy, 'meta'));
      const snapshot = meta.snapshot();
      const dead = snapshot.deadRows();
      snapshot.release();
      await meta.forgetDead(dead);
      await meta.close();
    });
    expect(orphans.length).toBeGreaterThan(0);
    expect(new Set(orphans.map(({ code }) => code))).toEqual(new Set(['ROW_WITHOUT_POINT']));
  });
});

function newestManifest(): string {
  const versions = readdirSync(dir).map((name) => /^manifest-(\d+)\.vm$/.exec(name)?.[1]);
  return `manifest-${Math.max(...versions.map((version) => Number(version ?? 0)))}.vm`;
}

function flip(path: string): void {
  const bytes = readFileSync(path);
  // The mark at the end of a log proves others; nothing proves it.
  const at = (seed * 7919) % (bytes.length - 36);
  bytes[at] = (bytes[at] ?? 0) ^ 4;
  writeFileSync(path, bytes);
}
