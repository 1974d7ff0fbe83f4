// A space that has the first elements of another's vectors: filled by writes to that one, searched by the short vectors,
// ranked on the whole ones.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Collection, type Database, open } from '../src/index.js';
import { generator } from './faulty-storage.js';
import { temporaryFolder } from './vector-files.js';

const folder = temporaryFolder();
const DIM = 32;
const SHORT = 8;
const POINTS = 600;
let database: Database;

beforeAll(async () => {
  database = await open(folder.file('data'), { threads: 1, reserveBytes: 0, maintenance: { auto: false } });
});
afterAll(() => database.close());

/** Most of what there is to a vector is in its first elements. */
function vectors(count: number, seed: number): number[][] {
  const random = generator(seed);
  return Array.from({ length: count }, () => Array.from({ length: DIM }, (_, at) => (random() - 0.5) * 100 * 0.8 ** at));
}

async function make(name: string, metric: 'l2' | 'cosine' | 'dot', element: 'f32' | 'f16'): Promise<Collection> {
  const graph = { degree: 8, buildList: 24, codeBytes: 8 };
  const full = { dim: DIM, metric, element, ...graph };
  const short = { dim: SHORT, metric, element, prefixOf: 'full', ...graph };
  return database.createCollection(name, { spaces: { full, short } });
}

describe.each([
  ['l2', 'f32'],
  ['cosine', 'f32'],
  ['cosine', 'f16'],
  ['dot', 'f32'],
] as const)('a prefix over %s, %s', (metric, element) => {
  it('is filled with the whole vectors, and ranks on them', async () => {
    const collection = await make(`${metric}-${element}`, metric, element);
    const all = vectors(POINTS, 1);
    await collection.upsert(all.map((full, id) => ({ id, vectors: { full } })));
    await collection.flush();
    let found = 0;
    for (const query of vectors(20, 2)) {
      const truth = await collection.search(query, { using: 'full', exact: true, k: 10 });
      const hits = await collection.search(query, { using: 'short', k: 10 });
      const distances = new Map(truth.map(({ id, distance }) => [id, distance]));
      for (const { id, distance } of hits) {
        const expected = distances.get(id);
        if (expected === undefined) continue;
        found += 1;
        expect(Math.abs(distance - expected)).toBeLessThanOrEqual(1e-3 * (1 + Math.abs(expected)));
      }
      expect(hits.map(({ distance }) => distance)).toEqual(hits.map(({ distance }) => distance).sort((a, b) => a - b));
      expect(await collection.search(query, { using: 'short', exact: true, k: 10 })).toEqual(truth);
    }
    expect(found / 200).toBeGreaterThan(0.9);
    expect((await collection.verify()).problems).toEqual([]);
  });
});

it('follows the whole vector when that changes or goes', async () => {
  const collection = await make('changes', 'l2', 'f32');
  const [one, two] = vectors(2, 3) as [number[], number[]];
  const shorts = async () => [...((await collection.retrieve([1], { withVector: ['short'] }))[0]?.vectors?.short ?? [])];
  await collection.upsert([{ id: 1, vectors: { full: one } }]);
  expect(await shorts()).toEqual([...Float32Array.from(one.slice(0, SHORT))]);
  await collection.updateVectors([{ id: 1, vectors: { full: two } }]);
  expect(await shorts()).toEqual([...Float32Array.from(two.slice(0, SHORT))]);
  await collection.deleteVectors([1], ['full']);
  expect(await shorts()).toEqual([]);
});

it('is refused where it is no prefix', async () => {
  const making = (short: object) =>
    database.createCollection('bad', { spaces: { full: { dim: DIM }, short: { dim: SHORT, prefixOf: 'full', ...short } } });
  await expect(making({ prefixOf: 'other' })).rejects.toThrow(/prefixOf/);
  await expect(making({ dim: DIM })).rejects.toThrow(/prefixOf/);
  await expect(making({ metric: 'dot' })).rejects.toThrow(/prefixOf/);
  const collection = await make('kept', 'l2', 'f32');
  await expect(collection.search([1, 2, 3], { using: 'short' })).rejects.toThrow(/expected/);
  await collection.spaces.setDefault('short');
  await expect(collection.spaces.drop('full')).rejects.toThrow(/short.*prefix/);
});
