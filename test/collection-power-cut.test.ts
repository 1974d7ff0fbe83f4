// A collection whose machine loses power; `npm run test:power` cuts at every call of many runs.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { open } from '../src/index.js';
import { runPowerCuts } from './power-cut-run.js';

const seed = Number(process.env.SEED ?? 1);

it(`loses nothing that was acknowledged when the power fails, seed ${seed}`, async () => {
  const report = await runPowerCuts({ seed, stride: 6 });
  expect(report.cuts).toBeGreaterThan(20);
  expect(report.metaBehind).toBeGreaterThan(0);
}, 120_000);

it(`loses the last batches only, and wholly, when the power fails and writes were not synced, seed ${seed}`, async () => {
  const report = await runPowerCuts({ seed, stride: 8, sync: 'none' });
  expect(report.cuts).toBeGreaterThan(10);
}, 120_000);

it('refuses a log of which records are missing that are applied', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'vamana-test-'));
  const database = await open(dir, { reserveBytes: 0 });
  const collection = await database.createCollection('c', { dim: 2, degree: 4, buildList: 8, codeBytes: 2 });
  await collection.upsert([{ id: 1, vector: [1, 2] }]);
  await collection.flush();
  await collection.upsert([
    { id: 1, vector: [3, 4] },
    { id: 2, vector: [5, 6] },
  ]);
  await database.close();
  const walDir = join(dir, 'collections/c/wal');
  for (const name of await readdir(walDir)) await rm(join(walDir, name));
  const damaged = await open(dir, { reserveBytes: 0 });
  await expect(damaged.collection('c')).rejects.toMatchObject({ code: 'CORRUPT' });
  await damaged.close();
  await rm(dir, { recursive: true });
});
