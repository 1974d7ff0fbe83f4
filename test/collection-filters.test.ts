// Filters on one collection through the library: what is asked of them beside finding the right points, which the model
// runs prove. See test/model-run.ts.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Collection, type Database, open, type RuntimeOptions } from '../src/index.js';
import { DIM, smallOptions } from './collections.js';
import { temporaryFolder } from './vector-files.js';

const folder = temporaryFolder();
const colour = (value: string) => ({ must: { key: 'colour', match: { value } } });
const origin = Array<number>(DIM).fill(0);

let database: Database;
let collection: Collection;
let opened = 0;

async function openWith(options: RuntimeOptions = {}): Promise<void> {
  database = await open(folder.file(`database-${opened}`), options);
  collection = await database.createCollection('points', smallOptions);
  await collection.upsert(
    Array.from({ length: 600 }, (_, id) => ({
      id,
      vector: Array<number>(DIM).fill(id / 10),
      payload: { colour: ['red', 'green', 'blue'][id % 3], n: id, tags: [`t${id % 5}`, `t${id % 7}`] },
    })),
  );
  await collection.flush();
}

beforeEach(async () => {
  opened += 1;
  await openWith();
});
afterEach(() => database.close());

const idsOf = (points: readonly { id: unknown }[]): number[] => points.map(({ id }) => Number(id));

describe('a filter on a collection', () => {
  it('sees every write that was acknowledged', async () => {
    const nearest = async (): Promise<number[]> =>
      idsOf(await collection.search(origin, { k: 3, filter: colour('red') }));
    expect(await nearest()).toEqual([0, 3, 6]);
    await collection.setPayload([3], { colour: 'green' });
    expect(await nearest()).toEqual([0, 6, 9]);
    await collection.delete([0]);
    expect(await nearest()).toEqual([6, 9, 12]);
    await collection.upsert([{ id: 1000, vector: origin, payload: { colour: 'red' } }]);
    expect(await nearest()).toEqual([1000, 6, 9]);
    await collection.flush();
    expect(await nearest()).toEqual([1000, 6, 9]);
    expect(await collection.countWhere(colour('red'))).toBe(199);
  });

  it('is refused where too many payloads would have to be read', async () => {
    await database.close();
    opened += 1;
    await openWith({ filterScanRows: 100 });
    const refused = { code: 'UNINDEXED_FILTER' };
    await expect(collection.search(origin, { filter: colour('red') })).rejects.toMatchObject(refused);
    await expect(collection.countWhere(colour('red'))).rejects.toThrow('600 points');
    const few = { must: [{ has_id: [3, 4, 5, 6] }, { key: 'colour', match: { value: 'red' } }] };
    expect(await collection.countWhere(few)).toBe(2);
    expect(await collection.countWhere({ must_not: { has_id: [1] } })).toBe(599);
  });

  it('can be cancelled while it reads payloads', async () => {
    const signal = AbortSignal.abort();
    await expect(collection.countWhere(colour('red'), { signal })).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('is refused with the path of its bad part, and the collection goes on', async () => {
    const bad = { must: [{ key: 'colour', match: { valeu: 'red' } }] };
    for (const call of [
      () => collection.search(origin, { filter: bad }),
      () => collection.explain(origin, { filter: bad }),
      () => collection.countWhere(bad),
      () => collection.scrollPage(3, { filter: bad }),
      () => collection.scroll({ filter: bad }).next(),
      () => collection.deleteMatching(bad),
    ]) {
      await expect((async () => call())()).rejects.toThrow('filter.must[0].match: found the unknown member "valeu"');
    }
    expect(await collection.countWhere({})).toBe(600);
  });

  it('explains what it did', async () => {
    const { points, plan } = await collection.explain(origin, { k: 4, filter: colour('blue'), strategy: 'walk' });
    expect(idsOf(points)).toEqual([2, 5, 8, 11]);
    expect(plan).toMatchObject({ points: 600, matches: 200 });
    expect(plan.strategies).toContain('walk');
    expect(plan.codesScored).toBeGreaterThan(0);
    const plain = await collection.explain(origin, { k: 4 });
    expect(plain.plan).toMatchObject({ points: 600, matches: 600, strategies: [], expectedUs: 0 });
  });

  it('limits a scroll, and what a change of points touches', async () => {
    const filter = { must: [{ key: 'n', range: { gte: 590 } }], must_not: [colour('red')] };
    const ids: number[] = [];
    for await (const { id } of collection.scroll({ filter, from: 593 })) ids.push(Number(id));
    expect(ids).toEqual([593, 595, 596, 598, 599]);
    expect(await collection.changeMatching(filter, (id) => ({ setPayload: { seen: true }, ids: [id] }))).toBe(7);
    expect(await collection.countWhere({ must: { key: 'seen', match: { value: true } } })).toBe(7);
    expect(await collection.deleteMatching(filter)).toBe(7);
    expect(collection.count()).toBe(593);
  });

  it('works with groups', async () => {
    const groups = await collection.searchGroups(origin, {
      groupBy: 'tags',
      limit: 2,
      groupSize: 2,
      filter: { must: { key: 'n', range: { gte: 10 } } },
      withPayload: ['n'],
    });
    expect(groups.map(({ value, points }) => [value, ...idsOf(points)])).toEqual([
      ['t0', 10, 14],
      ['t3', 10, 13],
    ]);
    expect(groups[0]?.points[0]?.payload).toEqual({ n: 10 });
  });
});
