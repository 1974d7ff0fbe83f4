import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Metric } from '../src/index.js';
import { writeIds } from '../src/source/ids.js';
import { createVectorWriter } from '../src/source/vector-writer.js';
import type { DataSet } from './data-sets.js';
import { createRecaller, NO_ID } from './id-recall.js';

const folder = mkdtempSync(join(tmpdir(), 'vamana-recall-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function vectors(name: string, dim: number, data: Uint8Array): Promise<string> {
  const path = join(folder, name);
  const writer = await createVectorWriter(path, { dim, element: 'u8', force: true });
  await writer.write(data);
  await writer.finish();
  return path;
}

// On a line, at 0, 1, 2, 2, 9; the query is at 0, by inner products at the far end.
async function line(metric: Metric): Promise<DataSet> {
  const places = [0, 1, 2, 2, 9].map((at) => (metric === 'dot' ? 9 - at : at));
  const base = await vectors('base.u8bin', 2, Uint8Array.from(places.flatMap((at) => [at, 1])));
  const queries = await vectors('queries.u8bin', 2, metric === 'dot' ? Uint8Array.of(9, 1) : Uint8Array.of(0, 1));
  const truth = join(folder, 'truth.ivecs');
  await writeIds(truth, { k: 3, ids: Int32Array.of(0, 1, 2) }, { force: true });
  return { name: 'line', base, queries, truth, metric, rows: 5, dim: 2, element: 'u8', queryCount: 1 };
}

describe('recall of ids', () => {
  for (const metric of ['l2', 'l1', 'cosine', 'dot'] as const) {
    it(`counts ties, and neither padding, repeated nor unknown ids (${metric})`, async () => {
      const { recall } = await createRecaller(await line(metric));
      const of = (...ids: number[]): number => recall(Uint32Array.from(ids), 1, 3);
      expect(of(0, 1, 2)).toBe(1);
      expect(of(3, 1, 0)).toBe(1); // row 3 lies where row 2 does
      expect(of(0, 1, 4)).toBeCloseTo(2 / 3);
      expect(of(0, 0, 0)).toBeCloseTo(1 / 3);
      expect(of(0, NO_ID, NO_ID)).toBeCloseTo(1 / 3);
      expect(of(0, 1, 77)).toBeCloseTo(2 / 3);
    });
  }
});
