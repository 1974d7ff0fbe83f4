import { describe, expect, it } from 'vitest';
import { VamanaError } from '../errors.js';
import type { Payload } from '../payload/point.js';
import type { Point } from '../read/assemble.js';
import type { WriteBatch } from '../write/write-batch.js';
import { type ChangeTarget, changeWhere } from './change-where.js';

// Points in memory; `meddle` is what others write right before a batch.
class Memory implements ChangeTarget {
  readonly points = new Map<bigint, Point>();
  batches: number[] = [];

  constructor(
    count: number,
    private readonly meddle: (memory: Memory, batch: number) => void = () => undefined,
  ) {
    for (let id = 0; id < count; id += 1) this.put(BigInt(id), 1, { kind: id % 2 });
  }

  put(id: bigint, version: number, payload: Payload): void {
    this.points.set(id, { id, version, payload });
  }

  async write(batch: WriteBatch): Promise<{ seq: number; operations: { applied: number; ignored: number }[] }> {
    this.meddle(this, this.batches.length);
    this.batches.push(batch.length);
    const deletes = batch as readonly { delete: readonly bigint[]; ifVersion: number }[];
    for (const { delete: ids, ifVersion } of deletes) {
      if (this.points.get(ids[0] as bigint)?.version === ifVersion) continue;
      throw new VamanaError('VERSION_CONFLICT', `point ${ids[0]} changed`);
    }
    for (const { delete: ids } of deletes) this.points.delete(ids[0] as bigint);
    return { seq: 1, operations: deletes.map(() => ({ applied: 1, ignored: 0 })) };
  }

  async look(id: unknown): Promise<Point | undefined> {
    return this.points.get(id as bigint);
  }

  async *all(): AsyncGenerator<Point> {
    yield* [...this.points.values()];
  }

  deleteOdd(): Promise<number> {
    return changeWhere(
      this,
      this.all(),
      ({ payload }) => payload?.kind === 1,
      (id) => ({ delete: [id] }),
    );
  }
}

describe('a change of the points that fit', () => {
  it('is written in batches, and leaves the others', async () => {
    const memory = new Memory(5000);
    expect(await memory.deleteOdd()).toBe(2500);
    expect(memory.batches).toEqual([1000, 1000, 500]);
    expect([...memory.points.values()].every(({ payload }) => payload?.kind === 0)).toBe(true);
    expect(await memory.deleteOdd()).toBe(0);
    expect(memory.batches).toHaveLength(3);
  });

  it('looks again at points that were written meanwhile', async () => {
    const memory = new Memory(10, (within, batch) => {
      if (batch !== 0) return;
      within.put(1n, 2, { kind: 1 }); // still fits
      within.put(3n, 2, { kind: 0 }); // fits no more
      within.points.delete(5n);
    });
    expect(await memory.deleteOdd()).toBe(3); // 1, 7 and 9
    expect([...memory.points.keys()]).toEqual([0n, 2n, 3n, 4n, 6n, 8n]);
  });

  it('tells any other failure', async () => {
    const memory = new Memory(10, () => {
      throw new VamanaError('DISK_FULL', 'no room');
    });
    await expect(memory.deleteOdd()).rejects.toMatchObject({ code: 'DISK_FULL' });
  });
});
