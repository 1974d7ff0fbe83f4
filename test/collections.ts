// A collection of small points with its naive model, for the tests of what is made of collections.
import { expect } from 'vitest';
import type { Collection, CollectionOptions, Payload } from '../src/index.js';
import { generator } from './faulty-storage.js';

export const DIM = 8;
export const smallOptions: CollectionOptions = { dim: DIM, degree: 8, buildList: 16, code: 'pq', codeBytes: 4 };

interface ModelPoint {
  vector: number[];
  payload: Payload | null;
}

export type Model = Map<bigint, ModelPoint>;

/** What the collection holds, read in every way there is but search. */
export async function contentOf(collection: Collection): Promise<Model> {
  const found: Model = new Map();
  for await (const { id, payload, vector } of collection.scroll({ withVector: true })) {
    found.set(id as bigint, { vector: Array.from(vector ?? []), payload: payload ?? null });
  }
  expect(collection.count()).toBe(found.size);
  return found;
}

/** Random writes to a collection and to its model. */
export class RandomWriter {
  readonly model: Model = new Map();
  private readonly random: () => number;

  constructor(
    seed: number,
    private readonly ids = 300,
  ) {
    this.random = generator(seed);
  }

  /** One batch: upserts mostly, deletions, new vectors and payload changes. The model has it once it is acknowledged. */
  async write(collection: Collection): Promise<void> {
    const choice = this.random();
    const ids = Array.from({ length: 1 + Math.floor(this.random() * 12) }, () => this.id());
    if (choice < 0.6) {
      const points = ids.map((id) => ({
        id,
        vector: this.vector(),
        payload: { n: this.number(1000), id: id.toString() },
      }));
      await collection.upsert(points);
      for (const { id, vector, payload } of points) this.model.set(id, { vector, payload });
    } else if (choice < 0.75) {
      await collection.delete(ids);
      for (const id of ids) this.model.delete(id);
    } else if (choice < 0.9) {
      const vectors = ids.map((id) => ({ id, vector: this.vector() }));
      await collection.updateVectors(vectors);
      for (const { id, vector } of vectors) this.change(id, (point) => ({ ...point, vector }));
    } else {
      const payload = { extra: this.number(10) };
      await collection.setPayload(ids, payload);
      for (const id of ids) this.change(id, (point) => ({ ...point, payload: { ...point.payload, ...payload } }));
    }
  }

  /** The model as it is now. */
  copy(): Model {
    return new Map(this.model);
  }

  private change(id: bigint, change: (point: ModelPoint) => ModelPoint): void {
    const point = this.model.get(id);
    if (point !== undefined) this.model.set(id, change(point));
  }

  private id(): bigint {
    return BigInt(this.number(this.ids));
  }

  private vector(): number[] {
    return Array.from({ length: DIM }, () => this.number(64));
  }

  private number(bound: number): number {
    return Math.floor(this.random() * bound);
  }
}
