// A collection one of whose calls to the disk fails; `npm run test:faults` fails every call of many runs. What a disk
// that is really full does is in collection-full-disk.test.ts.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { open } from '../src/index.js';
import { runFaults } from './fault-run.js';

const seed = Number(process.env.SEED ?? 1);

it(`loses nothing when a call to log or manifest fails, seed ${seed}`, async () => {
  const report = await runFaults(seed, 8);
  expect(report.faults).toBeGreaterThan(15);
  expect(Object.keys(report.seen)).toEqual(expect.arrayContaining(['open', 'write']));
}, 180_000);

it('refuses writes and goes on reading when the disk has less left than the reserve', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'vamana-test-'));
  const options = { dim: 2, degree: 4, buildList: 8, codeBytes: 2 };
  const before = await open(dir);
  await (await before.createCollection('c', options)).upsert([{ id: 1, vector: [1, 2], payload: { a: 1 } }]);
  await before.close();
  const full = await open(dir, { reserveBytes: Number.MAX_SAFE_INTEGER });
  const collection = await full.collection('c');
  for (let i = 0; i < 2; i += 1) {
    await expect(collection.upsert([{ id: 2, vector: [1, 2] }])).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect(await collection.search([1, 2], { k: 5 })).toEqual([{ id: 1n, version: 1, distance: 0 }]);
  }
  expect(collection.status()).toMatchObject({ points: 1, seq: 1 });
  await full.close();
  const after = await open(dir);
  expect(await (await after.collection('c')).upsert([{ id: 2, vector: [1, 2] }])).toMatchObject({ seq: 2 });
  await after.close();
  await rm(dir, { recursive: true });
});
