// Random writes to a collection with two vector spaces, a naive model of them, and what a collection must answer for it:
// shared by the tests of named vectors, also by the one that kills a process. Batch n is made of the seed and n alone.
import assert from 'node:assert/strict';
import type { Collection, NamedCollectionOptions, NamedPointInput, Point, WriteBatch } from '../src/index.js';
import { distance } from './point-model.js';
import { Random } from './random-writes.js';

export const NAMED: NamedCollectionOptions = {
  spaces: {
    text: { dim: 5, metric: 'l2', degree: 6, buildList: 12, codeBytes: 5, model: 'words-1' },
    image: { dim: 3, metric: 'dot', element: 'u8', degree: 4, buildList: 8, codeBytes: 3 },
  },
};
export const NAMES = ['text', 'image'] as const;
type Name = (typeof NAMES)[number];
type Vectors = Partial<Record<Name, number[]>>;

export interface NamedPoint {
  vectors: Vectors;
  payload: Record<string, unknown> | null;
}

export type NamedModel = Map<bigint, NamedPoint>;

const IDS = 80;
/** Written by every batch, so that what is there tells of how far it came. */
export const MARK = 1000n;

export function namedBatch(seed: number, n: number): WriteBatch {
  const random = new Random(seed * 1_000_003 + n * 104_729);
  const ids = (most: number): bigint[] => Array.from({ length: random.int(most) }, () => BigInt(random.int(IDS)));
  const upsert = ids(9).map((id): NamedPointInput => {
    const point = { id, vectors: someVectors(random, 0.6) };
    return random.chance(0.3) ? point : { ...point, payload: { n, group: random.int(3) } };
  });
  return [
    { upsert },
    ...(random.chance(0.4) ? [{ updateVectors: ids(5).map((id) => ({ id, vectors: someVectors(random, 0.5) })) }] : []),
    ...(random.chance(0.3) ? [{ deleteVectors: [random.pick(NAMES)], ids: ids(5) }] : []),
    ...(random.chance(0.3) ? [{ delete: ids(5) }] : []),
    ...(random.chance(0.3) ? [{ setPayload: { extra: n }, ids: ids(4) }] : []),
    { upsert: [{ id: MARK, vectors: someVectors(random, 0.5), payload: { n } }] },
  ];
}

function someVectors(random: Random, chance: number): Vectors {
  const values = (dim: number): number[] => Array.from({ length: dim }, () => random.int(200));
  return {
    ...(random.chance(chance) ? { text: values(5) } : {}),
    ...(random.chance(chance) ? { image: values(3) } : {}),
  };
}

/** The model after a batch of namedBatch. */
export function applyNamed(model: NamedModel, batch: WriteBatch): void {
  const change = (id: unknown, next: (point: NamedPoint) => NamedPoint): void => {
    const point = model.get(id as bigint);
    if (point !== undefined) model.set(id as bigint, next(point));
  };
  for (const operation of batch) {
    if ('upsert' in operation) {
      for (const { id, vectors, payload = null } of operation.upsert as NamedPointInput[]) {
        model.set(id as bigint, { vectors: vectors as Vectors, payload: payload as NamedPoint['payload'] });
      }
    } else if ('updateVectors' in operation) {
      for (const { id, vectors } of operation.updateVectors as NamedPointInput[]) {
        change(id, (point) => ({ ...point, vectors: { ...point.vectors, ...(vectors as Vectors) } }));
      }
    } else if ('deleteVectors' in operation) {
      const left = (vectors: Vectors): Vectors =>
        Object.fromEntries(Object.entries(vectors).filter(([name]) => !operation.deleteVectors.includes(name)));
      for (const id of operation.ids) change(id, (point) => ({ ...point, vectors: left(point.vectors) }));
    } else if ('delete' in operation) {
      for (const id of operation.delete) model.delete(id as bigint);
    } else if ('setPayload' in operation) {
      for (const id of operation.ids) {
        change(id, (point) => ({ ...point, payload: { ...point.payload, ...operation.setPayload } }));
      }
    }
  }
}

export function namedModel(seed: number, through: number): NamedModel {
  const model: NamedModel = new Map();
  for (let n = 1; n <= through; n += 1) applyNamed(model, namedBatch(seed, n));
  return model;
}

/** Every point by scrolling, all of each space by exact search, filters on vectors, and what `verify` says. */
export async function checkNamed(collection: Collection, model: NamedModel): Promise<void> {
  const found: NamedModel = new Map();
  for await (const point of collection.scroll({ withVector: true })) found.set(point.id as bigint, plain(point));
  assert.deepEqual(sorted(found), sorted(model), 'points');
  assert.equal(collection.count(), model.size, 'count()');
  for (const using of NAMES) {
    const { dim, metric = 'l2' } = NAMED.spaces[using] as { dim: number; metric?: 'l2' | 'dot' };
    const query = Array.from({ length: dim }, (_, at) => 20 * at + 7);
    const having = [...model].filter(([, { vectors }]) => vectors[using] !== undefined);
    const distances = new Map(
      having.map(([id, { vectors }]) => [id, distance({ metric }, query, vectors[using] ?? [])]),
    );
    const expected = [...distances.values()].sort((a, b) => a - b);
    for (const exact of [true, false]) {
      const hits = await collection.search(query, { using, k: model.size + 5, listSize: 200, exact });
      assert.deepEqual(
        hits.map((hit) => hit.distance),
        hits.map(({ id }) => distances.get(id as bigint)),
        `distances of ${using}`,
      );
      if (exact)
        assert.deepEqual(
          hits.map((hit) => hit.distance),
          expected,
          `exact search of ${using}`,
        );
      assert.ok(hits.length >= 0.95 * expected.length, `${using}: found ${hits.length} of ${expected.length}`);
    }
    assert.equal(await collection.countWhere({ must: [{ has_vector: using }] }), having.length, `has_vector ${using}`);
  }
  assert.deepEqual((await collection.verify()).problems, [], 'verify');
}

function plain({ vectors = {}, payload = null }: Point): NamedPoint {
  const values = Object.entries(vectors).map(([name, vector]) => [name, [...vector]] as const);
  return { vectors: Object.fromEntries(values), payload: payload as NamedPoint['payload'] };
}

function sorted(model: NamedModel): unknown {
  return [...model].sort(([a], [b]) => Number(a - b));
}
