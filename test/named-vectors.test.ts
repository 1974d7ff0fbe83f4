// Collections with several named vector spaces, through the library: what they are made of, what they refuse, and random
// runs against a naive model with flushes, merges, opening again, snapshots, failing calls and kills. `SEED=` repeats one.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Collection, type Database, open, type RuntimeOptions } from '../src/index.js';
import { applyNamed, checkNamed, MARK, NAMED, type NamedModel, namedBatch, namedModel } from './named-points.js';
import { Random } from './random-writes.js';
import { runKilled } from './killed-child.js';
import { temporaryFolder } from './vector-files.js';

const folder = temporaryFolder();
const seed = Number(process.env.SEED ?? 7);
const OPTIONS: RuntimeOptions = { threads: 1, reserveBytes: 0, maintenance: { auto: false } };

let dir: string;
let database: Database;
let collection: Collection;
let made = 0;

beforeEach(async () => {
  made += 1;
  dir = folder.file(`named-${made}`);
  database = await open(dir, OPTIONS);
  collection = await database.createCollection('named', NAMED);
});
afterEach(() => database.close());

async function reopen(options = OPTIONS): Promise<void> {
  await database.close();
  database = await open(dir, options);
  collection = await database.collection('named');
}

const text = [1, 2, 3, 4, 5];
const image = [6, 7, 8];

describe('points with named vectors', () => {
  it('have any of them, and answers show those that are asked for', async () => {
    await collection.upsert([
      { id: 1, vectors: { text, image } },
      { id: 2, vectors: { image } },
      { id: 3, vectors: {}, payload: { a: 1 } },
      { id: 4, vector: text },
    ]);
    const shown = async (withVector: boolean | string[]) =>
      (await collection.retrieve([1, 2, 3, 4], { withVector })).map(({ vectors }) =>
        vectors === undefined ? undefined : Object.keys(vectors),
      );
    expect(await shown(true)).toEqual([['text', 'image'], ['image'], [], ['text']]);
    expect(await shown(['image'])).toEqual([['image'], ['image'], [], []]);
    expect(await shown([])).toEqual([undefined, undefined, undefined, undefined]);
    const idsOf = async (query: number[], using?: string) =>
      (await collection.search(query, { k: 9, ...(using === undefined ? {} : { using }) })).map(({ id }) => id);
    expect([await idsOf(text, 'text'), await idsOf(text), await idsOf(image, 'image')]).toEqual([
      [1n, 4n],
      [1n, 4n],
      [1n, 2n],
    ]);
  });

  it('keep the vectors that a change does not name', async () => {
    await collection.upsert([{ id: 1, vectors: { text, image }, payload: { a: 1 } }]);
    await collection.flush();
    await collection.updateVectors([{ id: 1, vectors: { image: [1, 1, 1] } }]);
    await collection.setPayload([1], { b: 2 });
    const [changed] = await collection.retrieve([1], { withVector: true });
    expect(changed).toMatchObject({ payload: { a: 1, b: 2 }, vectors: { text: Float32Array.from(text) } });
    expect([...(changed?.vectors?.image ?? [])]).toEqual([1, 1, 1]);
    const { operations } = await collection.deleteVectors([1, 9], ['text']);
    expect(operations).toEqual([{ applied: 1, ignored: 1 }]);
    expect(Object.keys((await collection.retrieve([1], { withVector: true }))[0]?.vectors ?? {})).toEqual(['image']);
    expect(await collection.search(text, { using: 'text' })).toEqual([]);
    expect((await collection.deleteVectors([1], ['text'])).operations).toEqual([{ applied: 0, ignored: 1 }]);
  });

  it('are found, counted and changed by which vectors they have', async () => {
    await collection.upsert([
      { id: 1, vectors: { text } },
      { id: 2, vectors: { image } },
      { id: 3, vectors: { text, image } },
    ]);
    const without = { must_not: [{ has_vector: 'image' }] };
    expect(await collection.countWhere(without)).toBe(1);
    expect(await collection.countWhere({ must: [{ has_vector: 'sound' }] })).toBe(0);
    expect(await collection.deleteMatching(without)).toBe(1);
    expect(
      (await collection.search(image, { using: 'image', filter: { must: [{ has_vector: 'text' }] } })).length,
    ).toBe(1);
  });

  it('change in all spaces by one batch or not at all', async () => {
    const bad = [
      { upsert: [{ id: 1, vectors: { text, image } }] },
      { upsert: [{ id: 2, vectors: { text, image: [1, 2] } }] },
    ];
    await expect(collection.write(bad)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: /point 2.*expected 3/,
    });
    expect(collection.count()).toBe(0);
  });
});

describe('refused', () => {
  it.each([
    ['a name that there is none of', () => collection.upsert([{ id: 1, vectors: { sound: [1] } }]), /"text", "image"/],
    ['another dimension', () => collection.upsert([{ id: 1, vectors: { image: text } }]), /5 elements, expected 3/],
    [
      'the same vector twice',
      () => collection.upsert([{ id: 1, vector: text, vectors: { text } } as never]),
      /two vectors/,
    ],
    [
      'another model',
      () => collection.upsert([{ id: 1, vectors: { text } }], { model: { text: 'words-2' } }),
      /words-1/,
    ],
    ['a query of another model', () => collection.search(text, { model: 'words-2' }), /words-1, found some of words-2/],
    ['a query of an unknown space', () => collection.search(text, { using: 'sound' }), /no vector named "sound"/],
    ['a query of another dimension', () => collection.search(text, { using: 'image' }), /expected/],
    ['an unknown vector to show', () => collection.retrieve([1], { withVector: ['sound'] }), /no vector named/],
  ])('is %s', async (_what, work, message) => {
    await expect(work()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message });
  });

  it('are names where vectors have none', async () => {
    const plain = await database.createCollection('plain', { dim: 5, model: 'words-1' });
    await expect(plain.upsert([{ id: 1, vectors: { text } }])).rejects.toThrow(/one vector without a name/);
    await expect(plain.deleteVectors([1], [''])).rejects.toThrow(/delete the points/);
    await expect(plain.search(text, { model: 'words-2' })).rejects.toThrow(/do not mix/);
    await plain.upsert([{ id: 1, vector: text }], { model: 'words-1' });
    expect(await plain.countWhere({ must: [{ has_vector: '' }] })).toBe(1);
  });

  it('are collections of spaces that there cannot be', async () => {
    const making = (options: object) => database.createCollection('bad', options as never);
    await expect(making({ spaces: {} })).rejects.toThrow(/1 to 16/);
    await expect(making({ spaces: { 'a\n': { dim: 1 } } })).rejects.toThrow(/name of a vector/);
    await expect(making({ spaces: { a: { dim: 0 } } })).rejects.toThrow(/spaces\.a\.dim/);
    await expect(making({ spaces: { a: { dim: 1 } }, dim: 2 })).rejects.toThrow(/option dim/);
    await expect(making({ spaces: { a: { dim: 1 } }, defaultSpace: 'b' })).rejects.toThrow(/defaultSpace/);
  });
});

describe('on the disk', () => {
  it('the manifest is of format 3, and one without names stays as it was', async () => {
    await database.createCollection('plain', { dim: 5 });
    const manifest = (name: string) => readFileSync(join(dir, 'collections', name, 'manifest-1.vm'), 'utf8');
    expect([manifest('named').split('\n')[0], manifest('plain').split('\n')[0]]).toEqual([
      'vamana-manifest 3',
      'vamana-manifest 1',
    ]);
    expect(manifest('plain')).not.toContain('spaces');
  });

  it('a flush keeps the log until the rows of all spaces are in segments', async () => {
    await collection.upsert([{ id: 1, vectors: { text, image } }]);
    await collection.upsert([{ id: 2, vectors: { text } }]);
    await collection.flush();
    const { segments, spaces, freshRows } = collection.status();
    expect([segments.length, freshRows]).toEqual([2, 0]);
    expect(spaces?.map(({ name, segmentRows, model }) => [name, segmentRows, model])).toEqual([
      ['text', 2, 'words-1'],
      ['image', 1, undefined],
    ]);
    await reopen();
    expect(collection.recovered.records).toBe(0);
    await checkNamed(
      collection,
      new Map([
        [1n, { vectors: { text, image }, payload: null }],
        [2n, { vectors: { text }, payload: null }],
      ]),
    );
  });
});

describe(`random runs, seed ${seed}`, () => {
  it('agree with a naive model through flushes, merges, rollbacks and opening again', async () => {
    const random = new Random(seed);
    const model: NamedModel = new Map();
    for (let n = 1; n <= 150; n += 1) {
      const batch = namedBatch(seed, n);
      await collection.write(batch);
      applyNamed(model, batch);
      if (random.chance(0.1)) await collection.flush();
      if (random.chance(0.05)) await collection.compact({ force: true });
      if (random.chance(0.03)) await collection.rebuild({ force: true, space: random.pick(['text', 'image']) });
      if (random.chance(0.03))
        await collection.rollback().catch((error) => expect(error.code).toMatch(/NOT_FOUND|INVALID/));
      if (random.chance(0.08)) await reopen({ ...OPTIONS, deltaRows: 5 + random.int(60) });
      if (random.chance(0.1)) await checkNamed(collection, model);
    }
    await checkNamed(collection, model);
    await collection.snapshot(folder.file(`copy-${made}`));
    await checkNamed(await database.restoreCollection('restored', folder.file(`copy-${made}`)), model);
  }, 120_000);

  it('batches written at once see what those before them left', async () => {
    const model: NamedModel = new Map();
    for (let n = 1; n <= 60; n += 6) {
      const batches = Array.from({ length: 6 }, (_, at) => namedBatch(seed + 1, n + at));
      await Promise.all(batches.map((batch) => collection.write(batch)));
      for (const batch of batches) applyNamed(model, batch);
    }
    await checkNamed(collection, model);
  }, 60_000);

  it('keep whole batches in all spaces when the process is killed', async () => {
    await database.dropCollection('named');
    await database.close();
    const random = new Random(seed + 2);
    let known = 0;
    for (let round = 0; round < 6; round += 1) {
      const output = await runKilled('named-child.js', [dir, seed, round, known], 20 + random.int(700));
      const told = Number([...output.matchAll(/^ack (\d+)$/gm)].at(-1)?.[1] ?? known);
      database = await open(dir, OPTIONS);
      if (!(await database.listCollections()).includes('named')) {
        // Killed before it was made.
        expect(told).toBe(0);
        await database.close();
        continue;
      }
      collection = await database.collection('named');
      const [mark] = await collection.retrieve([MARK]);
      known = Number(mark?.payload?.n ?? 0);
      expect(known).toBeGreaterThanOrEqual(told);
      expect(known).toBeLessThanOrEqual(told + 1);
      await checkNamed(collection, namedModel(seed, known));
      await database.close();
    }
    expect(known).toBeGreaterThan(0);
  }, 120_000);
});
