// Random points and batches for tests of whole collections, the same for the same seed. Values are whole numbers, or
// eighths, so that sums over them are exact in f32 and f16 holds them as they are.
import type { Payload, PointId } from '../src/index.js';
import type { PointInput, WriteBatch, WriteOperation } from '../src/write/write-batch.js';
import { generator } from './faulty-storage.js';
import type { PointModel, Space } from './point-model.js';

export class Random {
  private readonly next: () => number;

  constructor(seed: number) {
    this.next = generator(seed);
  }

  /** 0 to below `below`. */
  int(below: number): number {
    return Math.floor(this.next() * below);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.int(choices.length)] as T;
  }

  /** Keys by their weights. */
  weighted<Key extends string>(weights: Readonly<Record<Key, number>>): Key {
    const entries = Object.entries(weights) as [Key, number][];
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) {
      left -= weight;
      if (left < 0) return key;
    }
    return (entries[0] as [Key, number])[0];
  }
}

/** Few enough that they are met again, of every kind. */
export function idPool(count: number, strings: boolean): PointId[] {
  return Array.from({ length: count }, (_, i): PointId => {
    if (i % 4 === 1) return `${(i * 2_654_435_761).toString(16).padStart(8, '0').slice(-8)}-0000-4000-8000-${hex12(i)}`;
    if (strings && i % 4 === 2) return `text ${i} ${i % 8 === 2 ? '\u{1f600}' : '\uff5e'}`;
    return i % 16 === 3 ? 2n ** 64n - 1n - BigInt(i) : BigInt(i);
  });
}

function hex12(value: number): string {
  return value.toString(16).padStart(12, '0');
}

export class RandomWrites {
  constructor(
    readonly random: Random,
    private readonly space: Space,
    private readonly ids: readonly PointId[],
  ) {}

  vector(): number[] {
    const { dim, element, metric } = this.space;
    const vector = Array.from({ length: dim }, () => this.value(element));
    // A vector without a direction has no cosine.
    if (metric === 'cosine' && !vector.some((value) => value !== 0)) vector.fill(1);
    return vector;
  }

  id(): PointId {
    return this.random.pick(this.ids);
  }

  /** Of a point that exists, when there is one, but for every tenth. */
  existingId(model: PointModel): PointId {
    if (model.points.size === 0 || this.random.chance(0.1)) return this.id();
    return this.random.pick([...model.points.keys()]);
  }

  point(model?: PointModel): PointInput {
    const twin = model !== undefined && this.random.chance(0.1) ? model.points.get(this.existingId(model)) : undefined;
    const point: PointInput = { id: this.id(), vector: twin?.vector ?? this.vector() };
    return this.random.chance(0.2) ? point : { ...point, payload: this.random.chance(0.1) ? null : this.payload() };
  }

  payload(): Payload {
    const payload: Payload = { n: this.random.int(1000), group: this.random.pick(['red', 'green', 'blue']) };
    if (this.random.chance(0.5)) payload.inner = { deep: { value: this.random.int(10) }, list: [1, 'two', null] };
    if (this.random.chance(0.1)) payload.text = 'x'.repeat(this.random.int(3000));
    return payload;
  }

  batch(model: PointModel): WriteBatch {
    const operations = this.random.chance(0.6) ? 1 : 1 + this.random.int(4);
    return Array.from({ length: operations }, () => this.operation(model));
  }

  private operation(model: PointModel): WriteOperation {
    const { random } = this;
    const operation = this.unconditional(model);
    if (random.chance(0.9)) return operation;
    // One entry, so that its right version may be named; a wrong one, or that of a later operation, refuses the batch.
    const id = this.existingId(model);
    const version = model.points.get(id)?.version ?? 0;
    const ifVersion = random.chance(0.8) ? version : random.int(model.seq + 2);
    if ('upsert' in operation) return { upsert: [{ ...this.point(), id }], ifVersion };
    if ('delete' in operation) return { delete: [id], ifVersion };
    if ('updateVectors' in operation) return { updateVectors: [{ id, vector: this.vector() }], ifVersion };
    if ('clearPayload' in operation) return { clearPayload: [id], ifVersion };
    return { ...operation, ids: [id], ifVersion };
  }

  private unconditional(model: PointModel): WriteOperation {
    const { random } = this;
    const few = <T>(make: () => T): T[] => Array.from({ length: random.int(random.chance(0.1) ? 25 : 7) }, make);
    const ids = (): PointId[] => few(() => this.existingId(model));
    const path = (): string => random.pick(['n', 'group', 'inner', 'inner.deep', 'inner.deep.value', 'absent.deep']);
    const kinds = { upsert: 12, delete: 4, vectors: 3, set: 2, setAt: 2, overwrite: 1, remove: 2, clear: 1 };
    switch (random.weighted(kinds)) {
      case 'upsert': {
        const mode = random.pick(['upsert', 'upsert', 'upsert', 'insert_only', 'update_only'] as const);
        return { upsert: few(() => this.point(model)), mode };
      }
      case 'delete':
        return { delete: ids() };
      case 'vectors':
        return { updateVectors: few(() => ({ id: this.existingId(model), vector: this.vector() })) };
      case 'set':
        return { setPayload: { ...this.payload(), ...(random.chance(0.3) ? { group: null } : {}) }, ids: ids() };
      case 'setAt':
        return { setPayload: { value: random.int(10) }, ids: ids(), key: path() };
      case 'overwrite':
        return { overwritePayload: this.payload(), ids: ids() };
      case 'remove':
        return { deletePayload: [path(), path()], ids: ids() };
      case 'clear':
        return { clearPayload: ids() };
    }
  }

  private value(element: Space['element']): number {
    if (element === 'u8') return this.random.int(256);
    if (element === 'i8') return this.random.int(256) - 128;
    return element === 'f16' ? this.random.int(31) - 15 : (this.random.int(257) - 128) / 8;
  }
}
