// Flipped bytes in a closed collection; `npm run test:flips` flips many more.
import { mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { open } from '../src/index.js';
import { runFlips } from './flip-run.js';

const seed = Number(process.env.SEED ?? 1);

it(`notices a flipped byte in log, manifest and segments, seed ${seed}`, async () => {
  const { flips, noticed } = await runFlips(seed, 6);
  expect(flips).toBeGreaterThan(60);
  expect(noticed.opening).toBeGreaterThan(0);
}, 120_000);

it('refuses a collection of which a file is missing or cut short, and removes nothing of it', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'vamana-test-'));
  const folder = join(dir, 'collections/c');
  for (const spoil of [
    (path: string) => rm(path),
    async (path: string) => truncate(path, (await stat(path)).size >> 1),
  ]) {
    for (const file of ['segments/2/vectors.seg', 'segments/1/rows.seg', 'segments/1/graph.seg', 'manifest-3.vm']) {
      const database = await open(dir, { threads: 1, reserveBytes: 0, walSegmentBytes: 200 });
      const collection = await database.createCollection('c', { dim: 2, degree: 4, buildList: 8, codeBytes: 2 });
      for (let round = 0; round < 2; round += 1) {
        for (let id = 0; id < 5; id += 1) await collection.upsert([{ id: round * 5 + id, vector: [id, round] }]);
        await collection.flush();
      }
      await collection.upsert([{ id: 100, vector: [1, 1] }]);
      await collection.close();
      await spoil(join(folder, file));
      for (let attempt = 0; attempt < 2; attempt += 1) {
        await expect(database.collection('c'), file).rejects.toMatchObject({
          code: expect.stringMatching(/^(CORRUPT|NOT_FOUND|IO)$/),
        });
      }
      expect((await readdir(join(folder, 'segments'))).sort()).toEqual(['1', '2']);
      await database.dropCollection('c');
      await database.close();
    }
  }
  await rm(dir, { recursive: true });
}, 60_000);
