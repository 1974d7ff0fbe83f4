// A database that a release before merges and field indexes wrote (golden/database-v1.tar.gz: manifest and metadata of
// format version 1, two segments, and rows that are in the log only), opened for ever. Opening, searching and writing
// change no byte of its segments, nor does a rebuild that fails; one that succeeds makes a segment of today's format,
// and the old ones stay as they were until their grace is over.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { extract } from 'tar';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Collection, type Database, open, type RuntimeOptions } from '../src/index.js';
import { temporaryFolder } from './vector-files.js';

const GOLDEN = fileURLToPath(new URL('./golden/database-v1.tar.gz', import.meta.url));
const folder = temporaryFolder();
const byHand: RuntimeOptions = { threads: 1, reserveBytes: 0, maintenance: { auto: false } };

let dir: string;
let database: Database;
let collection: Collection;
let opened = 0;

const vectorOf = (id: number): Uint8Array =>
  Uint8Array.from({ length: 8 }, (_, at) => (id * 37 + at * at * 11 + id * at * 5) % 256);
const dead = [3, 50];

beforeEach(async () => {
  opened += 1;
  dir = folder.file(`database-${opened}`);
  mkdirSync(dir);
  await extract({ file: GOLDEN, cwd: dir });
});
afterEach(() => database.close());

async function openIt(options: RuntimeOptions = byHand): Promise<void> {
  database = await open(dir, options);
  collection = await database.collection('points');
}

const inCollection = (...names: string[]): string => join(dir, 'collections', 'points', ...names);
const folders = (): string[] => readdirSync(inCollection('segments')).sort();

/** The bytes of the segments' files, by their names. */
function bytesOf(segments: readonly string[]): Map<string, string> {
  const files = segments.flatMap((segment) =>
    readdirSync(inCollection('segments', segment)).map((name) => join(segment, name)),
  );
  return new Map(files.map((name) => [name, readFileSync(inCollection('segments', name)).toString('hex')]));
}

function manifestLine(): string {
  const newest = readdirSync(inCollection())
    .map((name) => /^manifest-(\d+)\.vm$/.exec(name)?.[1])
    .filter((version) => version !== undefined)
    .sort((a, b) => Number(b) - Number(a))[0];
  return readFileSync(inCollection(`manifest-${newest}.vm`), 'utf8').split('\n')[0] as string;
}

async function expectAll(): Promise<void> {
  expect(collection.count()).toBe(78);
  for (let id = 0; id < 80; id += 1) {
    const [hit] = await collection.search(vectorOf(id), { k: 1, listSize: 40, withPayload: true });
    if (dead.includes(id)) expect(Number(hit?.id)).not.toBe(id);
    else expect([Number(hit?.id), hit?.payload]).toEqual([id, { n: id === 7 ? -7 : id }]);
  }
  expect(await collection.retrieve(dead)).toEqual([]);
  expect((await collection.verify()).problems).toEqual([]);
}

describe('a database of the previous format', () => {
  it('opens with every point, those that are in the log only too', async () => {
    await openIt();
    expect(collection.recovered.records).toBe(3);
    await expectAll();
    expect(manifestLine()).toBe('vamana-manifest 1');
  });

  it('is as it was after opening, writing and rebuilds that fail', async () => {
    const before = bytesOf(['1', '2']);
    await openIt();
    await collection.upsert([{ id: 900, vector: vectorOf(900) }]);
    const cancel = new AbortController();
    const onProgress = (): void => cancel.abort();
    await expect(collection.rebuild({ signal: cancel.signal, onProgress })).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(collection.rebuild({ codeBytes: 1, code: 'rabitq' })).rejects.toThrow();
    await database.close();
    expect([folders(), bytesOf(['1', '2'])]).toEqual([['1', '2'], before]);
    expect(manifestLine()).toBe('vamana-manifest 1');
    await openIt();
    await collection.delete([900]);
    await expectAll();
  });

  it('is upgraded by a rebuild, which can be taken back, to the byte', async () => {
    const before = bytesOf(['1', '2']);
    await openIt();
    await collection.flush();
    const job = await collection.rebuild();
    expect(job).toMatchObject({ state: 'DONE', segments: [1, 2, 3], into: 4, rows: 78, builtRows: 78 });
    expect(manifestLine()).toBe('vamana-manifest 2');
    await expectAll();
    await database.close();
    expect(bytesOf(['1', '2'])).toEqual(before);
    await openIt();
    await expectAll();
    await collection.rollback();
    expect(collection.status().segments.map(({ number }) => number)).toEqual([1, 2, 3]);
    await expectAll();
    expect(bytesOf(['1', '2'])).toEqual(before);
    expect(manifestLine()).toBe('vamana-manifest 1');
  });

  it('holds nothing of the previous format once the grace is over, and can be indexed by field', async () => {
    await openIt({ ...byHand, maintenance: { auto: false, graceMs: 0 } });
    await collection.flush();
    await collection.rebuild();
    const { built } = await collection.createFieldIndex('n', 'integer');
    await built;
    for (let waits = 0; waits < 500 && folders().length > 1; waits += 1)
      await new Promise((done) => setTimeout(done, 10));
    expect(folders()).toEqual(['4']);
    await database.close();
    await openIt();
    await expectAll();
    expect(await collection.countWhere({ must: [{ key: 'n', range: { gte: 60 } }] })).toBe(20);
  });
});
