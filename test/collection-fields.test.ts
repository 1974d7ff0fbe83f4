// Indexes of payload fields on a collection: made while it is written, kept through opening, copies and damage. That they
// give the right rows is proved by src/field/field-index.test.ts and by the model runs.
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyCollectionFolder } from '../src/verify/verify-collection.js';
import { nodeStorage } from '../src/disk/node-storage.js';
import { type Collection, type Database, open, type RuntimeOptions } from '../src/index.js';
import { encodeColumnKey } from '../src/meta/field-tables.js';
import { openTables } from '../src/meta/meta-tables.js';
import { DIM, smallOptions } from './collections.js';
import { temporaryFolder } from './vector-files.js';

const folder = temporaryFolder();
const origin = Array<number>(DIM).fill(0);
const POINTS = 3000;
// Whatever has no index is refused.
const strict: RuntimeOptions = { filterScanRows: 0 };

let dir: string;
let database: Database;
let collection: Collection;
let opened = 0;

const point = (id: number) => ({
  id,
  vector: Array<number>(DIM).fill(id / 10),
  payload: {
    colour: ['red', 'green', 'blue'][id % 3],
    n: id,
    day: `2026-01-${String((id % 28) + 1).padStart(2, '0')}`,
  },
});
const red = { must: { key: 'colour', match: { value: 'red' } } };
const above = (n: number) => ({ must: { key: 'n', range: { gte: n } } });

async function reopen(options: RuntimeOptions = strict): Promise<void> {
  await database.close();
  database = await open(dir, options);
  collection = await database.collection('points');
}

async function indexed(...fields: [key: string, type: 'keyword' | 'integer' | 'datetime' | 'text'][]): Promise<void> {
  for (const [key, type] of fields) await (await collection.createFieldIndex(key, type)).built;
}

beforeEach(async () => {
  opened += 1;
  dir = folder.file(`database-${opened}`);
  database = await open(dir, strict);
  collection = await database.createCollection('points', smallOptions);
  await collection.upsert(Array.from({ length: POINTS }, (_, id) => point(id)));
});
afterEach(() => database.close());

describe('the index of a field', () => {
  it('answers filters that were refused without it', async () => {
    await expect(collection.countWhere(red)).rejects.toMatchObject({ code: 'UNINDEXED_FILTER' });
    await indexed(['colour', 'keyword'], ['n', 'integer']);
    expect(await collection.countWhere(red)).toBe(1000);
    expect(await collection.countWhere({ ...red, must_not: above(30) })).toBe(10);
    const found = await collection.search(origin, { k: 3, filter: above(100) });
    expect(found.map(({ id }) => Number(id))).toEqual([100, 101, 102]);
    expect(collection.fieldIndexes()).toMatchObject([
      { key: 'colour', schema: { type: 'keyword' }, isReady: true, progress: 1, points: POINTS, error: null },
      { key: 'n', schema: { type: 'integer' }, isReady: true, progress: 1, points: POINTS, error: null },
    ]);
    expect(await collection.dropFieldIndex('n')).toBe(true);
    expect(await collection.dropFieldIndex('n')).toBe(false);
    await expect(collection.countWhere(above(100))).rejects.toMatchObject({ code: 'UNINDEXED_FILTER' });
  });

  it('follows writes, also those that come while it is built', async () => {
    const { built } = await collection.createFieldIndex('colour', 'keyword');
    await collection.setPayload([0, 2999], { colour: 'green' });
    await collection.delete([3, 2996]);
    await collection.upsert([
      { ...point(5000), payload: { colour: 'red' } },
      { ...point(6), payload: { colour: ['red', 'blue'] } },
    ]);
    await built;
    const count = await collection.countWhere(red);
    await reopen({});
    await collection.dropFieldIndex('colour');
    expect(await collection.countWhere(red)).toBe(count);
    expect(count).toBe(1000 - 1 - 1 + 1);
  });

  it('sees payloads that change when sets of rows are cached', async () => {
    await indexed(['colour', 'keyword']);
    expect(await collection.countWhere(red)).toBe(1000);
    await collection.setPayload([1], { colour: 'red' });
    expect(await collection.countWhere(red)).toBe(1001);
    await collection.clearPayload([0]);
    expect(await collection.countWhere(red)).toBe(1000);
  });

  it('is there at once after opening, with what was written since it was stored', async () => {
    await indexed(['colour', 'keyword'], ['day', 'datetime']);
    await collection.setPayload([0], { colour: 'blue' });
    await collection.delete([3]);
    await collection.upsert([{ ...point(7000), payload: { colour: 'red', day: '2027-01-01' } }]);
    const expected = [await collection.countWhere(red), 1];
    const late = { must: { key: 'day', range: { gte: '2026-12-31T00:00:00Z' } } };
    for (let time = 0; time < 2; time += 1) {
      await reopen();
      expect(collection.fieldIndexes().every(({ isReady }) => isReady)).toBe(true);
      expect([await collection.countWhere(red), await collection.countWhere(late)]).toEqual(expected);
    }
  });

  it('keeps its type unless another is asked for', async () => {
    await indexed(['n', 'integer']);
    await indexed(['n', 'integer']);
    await indexed(['n', 'keyword']);
    expect(collection.fieldIndexes().map(({ schema }) => schema.type)).toEqual(['keyword']);
    expect(await collection.countWhere(above(2990))).toBe(10);
    await expect(collection.createFieldIndex('a[', 'keyword')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(collection.createFieldIndex('a', 'words' as 'text')).rejects.toThrow(
      /found type words, expected keyword/,
    );
  });

  it('ends with ABORTED when it is dropped while it is built', async () => {
    const creating = collection.createFieldIndex('colour', 'keyword');
    const dropping = collection.dropFieldIndex('colour');
    const { built } = await creating;
    expect(await dropping).toBe(true);
    await expect(built).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('is built again in a restored copy', async () => {
    await indexed(['colour', 'keyword']);
    await collection.snapshot(folder.file(`copy-${opened}`));
    await database.restoreCollection('again', folder.file(`copy-${opened}`));
    const restored = await database.collection('again');
    await restored.fieldIndexesBuilt();
    expect(await restored.countWhere(red)).toBe(1000);
  });

  it('gives facets and order', async () => {
    await indexed(['colour', 'keyword'], ['n', 'integer'], ['day', 'datetime']);
    await collection.upsert([{ id: 9000, vector: origin, payload: { colour: ['red', 'blue'] } }]);
    expect(await collection.facet('colour', { limit: 2 })).toEqual([
      { value: 'blue', count: 1001 },
      { value: 'red', count: 1001 },
    ]);
    expect(await collection.facet('colour', { filter: above(2998) })).toEqual([
      { value: 'blue', count: 1 },
      { value: 'green', count: 1 },
    ]);
    const last = await collection.orderedPoints(3, {
      orderBy: 'n',
      direction: 'desc',
      filter: red,
      withPayload: ['n'],
    });
    expect(last.map(({ id, payload, orderValue }) => [Number(id), payload?.n, orderValue])).toEqual([
      [2997, 2997, 2997],
      [2994, 2994, 2994],
      [2991, 2991, 2991],
    ]);
    const dated = await collection.orderedPoints(1, { orderBy: 'day', startFrom: '2026-01-05' });
    expect(dated[0]?.payload?.day).toBe('2026-01-05');
    await expect(collection.orderedPoints(1, { orderBy: 'colour' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(collection.facet('day')).rejects.toThrow('expected keyword, integer, float, bool or uuid');
    await expect(collection.facet('nothing')).rejects.toMatchObject({ code: 'UNINDEXED_FILTER' });
  });
});

describe('a field index that was damaged', () => {
  const metaDir = (): string => join(dir, 'collections', 'points', 'meta');

  async function damage(change: (bytes: Buffer) => void): Promise<void> {
    await indexed(['colour', 'keyword'], ['n', 'integer']);
    await database.close();
    const tables = openTables(metaDir(), 2 ** 30);
    const key = encodeColumnKey(1, 0, 0);
    const bytes = Buffer.from(tables.columns.get(key) as Uint8Array);
    change(bytes);
    await tables.columns.put(key, bytes);
    await tables.environment.close();
  }

  it('is built again at opening', async () => {
    await damage((bytes) => bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100));
    database = await open(dir, strict);
    collection = await database.collection('points');
    await collection.fieldIndexesBuilt();
    expect(await collection.countWhere(red)).toBe(1000);
    expect((await collection.verify()).problems).toEqual([]);
  });

  it('is found by a check, and made again where that is asked for', async () => {
    await damage((bytes) => bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100));
    const check = (repair: boolean) =>
      verifyCollectionFolder(join(dir, 'collections', 'points'), nodeStorage, { repair });
    const { problems } = await check(false);
    expect(problems).toEqual([{ code: 'BAD_FIELD_INDEX', message: expect.stringMatching(/"colour": .* checksum/) }]);
    expect(await check(true)).toMatchObject({ problemsFound: 0, fieldsRepaired: 1 });
    expect(await check(false)).toMatchObject({ problemsFound: 0, fieldsRepaired: 0 });
    database = await open(dir, strict);
    collection = await database.collection('points');
    expect(collection.fieldIndexes().every(({ isReady }) => isReady)).toBe(true);
    expect(await collection.countWhere(red)).toBe(1000);
  });

  it('is found by a check when it says other things than the payloads', async () => {
    await indexed(['colour', 'keyword']);
    await database.close();
    const tables = openTables(metaDir(), 2 ** 30);
    const records = Array.from(tables.rows.getRange({ start: 5, limit: 2 }), ({ value }) => Buffer.from(value));
    // The payload of one row in the place of another's.
    await tables.rows.put(
      5,
      Buffer.concat([(records[0] as Buffer).subarray(0, 19), (records[1] as Buffer).subarray(19)]),
    );
    await tables.environment.close();
    const { problems } = await verifyCollectionFolder(join(dir, 'collections', 'points'), nodeStorage);
    expect(problems.map(({ code }) => code)).toContain('BAD_FIELD_INDEX');
    database = await open(dir, strict);
  });
});
