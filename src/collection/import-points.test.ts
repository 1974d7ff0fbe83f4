import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { WriteResult } from '../commit-queue/commit-queue.js';
import type { PointInput } from '../write/write-batch.js';
import { importPoints } from './import-points.js';

function* points(count: number, dim = 2): Generator<PointInput> {
  for (let id = 0; id < count; id += 1) yield { id, vector: new Float32Array(dim) };
}

/** Writes that end late, in any order, and what they were. */
class Writer {
  readonly batches: number[] = [];
  running = 0;
  most = 0;
  failAt = Number.POSITIVE_INFINITY;

  async write(batch: readonly PointInput[]): Promise<WriteResult> {
    const seq = this.batches.push(batch.length);
    this.running += 1;
    this.most = Math.max(this.most, this.running);
    for (let turn = 0; turn < (seq * 7) % 5; turn += 1) await setImmediate();
    this.running -= 1;
    if (seq >= this.failAt) throw new Error(`batch ${seq} failed`);
    return { seq, operations: [] };
  }
}

it('writes batches, several at once, and tells in order what is durable', async () => {
  const writer = new Writer();
  const heard: number[] = [];
  const options = { batchPoints: 10, inFlight: 3, onAcknowledged: (count: number) => void heard.push(count) };
  const result = await importPoints(points(95), (batch) => writer.write(batch), options);
  expect(result).toEqual({ points: 95, seq: 10 });
  expect(writer.batches).toEqual([...Array.from({ length: 9 }, () => 10), 5]);
  expect(heard).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 95]);
  expect(writer.most).toBe(3);
});

it('writes nothing for nothing, and small batches of large vectors', async () => {
  const writer = new Writer();
  expect(await importPoints([], (batch) => writer.write(batch), {})).toEqual({ points: 0, seq: 0 });
  await importPoints(points(50, 65_536), (batch) => writer.write(batch), {});
  expect(Math.max(...writer.batches)).toBeLessThanOrEqual(16);
});

it('stops when it is told to, after the batches in flight', async () => {
  const writer = new Writer();
  const controller = new AbortController();
  let told = 0;
  const options = {
    batchPoints: 10,
    signal: controller.signal,
    onAcknowledged: (count: number) => {
      told = count;
      if (count === 50) controller.abort();
    },
  };
  const done = importPoints(points(10_000), (batch) => writer.write(batch), options);
  const error = await done.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'ABORTED', message: expect.stringContaining(`after ${told} points`) });
  expect(told).toBe(10 * writer.batches.length);
  expect(writer.running).toBe(0);
});

it('fails with the batch that failed, when no other is in flight any more', async () => {
  const writer = new Writer();
  writer.failAt = 4;
  const heard: number[] = [];
  const options = { batchPoints: 10, onAcknowledged: (count: number) => void heard.push(count) };
  await expect(importPoints(points(1000), (batch) => writer.write(batch), options)).rejects.toThrow('batch 4 failed');
  expect(heard).toEqual([10, 20, 30]);
  expect(writer.running).toBe(0);
});
