// Rows written into a collection by several writers, as the suite `ingest` and the process that it kills do.
import { setTimeout } from 'node:timers/promises';
import type { Collection, PointInput } from '../src/index.js';
import { type FlatRows, rowOf } from './floats.js';

const WRITERS = 8;
const BATCH = 100;

/** Rows [from, to); resolves to the seconds taken and the batches' milliseconds, ascending. */
export async function upsert(
  collection: Collection,
  data: FlatRows,
  from: number,
  to: number,
  rowsPerSecond = Number.POSITIVE_INFINITY,
): Promise<{ seconds: number; latencies: number[] }> {
  const started = performance.now();
  const latencies: number[] = [];
  let next = from;
  const writer = async (): Promise<void> => {
    for (let first = next; first < to; first = next) {
      const end = Math.min(to, first + BATCH);
      next = end; // before anything is waited for: the other writers go on from there
      const due = started + ((first - from) / rowsPerSecond) * 1000;
      if (due > performance.now()) await setTimeout(due - performance.now());
      const points = Array.from({ length: end - first }, (_, i) => point(data, first + i));
      const began = performance.now();
      await collection.upsert(points);
      latencies.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  return { seconds: (performance.now() - started) / 1000, latencies: latencies.sort((a, b) => a - b) };
}

function point(data: FlatRows, row: number): PointInput {
  const payload = { row, group: row % 100, name: `photo ${row}`, tags: ['a', `t${row % 7}`] };
  return { id: row, vector: rowOf(data, row), payload };
}
