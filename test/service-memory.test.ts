// The short form of test/long/service-memory.ts: few rounds, in which a leak of megabytes a round shows.
import { expect, it } from 'vitest';
import { grown, runServiceMemory } from './service-memory-run.js';
import { temporaryFolder } from './vector-files.js';

const folder = temporaryFolder();
const seed = Number(process.env.VAMANA_FUZZ_SEED ?? Date.now() % 2 ** 31);

it(`the service takes no more memory after many rounds than after some (seed ${seed})`, {
  timeout: 180_000,
}, async () => {
  const report = await runServiceMemory(folder.file('data'), seed, (rounds) => rounds < 12);
  expect(report.rounds).toBe(12);
  expect(report.requests).toBeGreaterThan(400);
  expect(report.heapBytes[0]).toBeGreaterThan(1e6);
  expect(grown(report)).toEqual([]);
});

it('tells what grew', () => {
  const bytes: [number, number] = [1e8, 1e8];
  const report = { rounds: 3, requests: 1, heapBytes: bytes, externalBytes: bytes, residentBytes: bytes };
  expect(grown({ ...report, externalBytes: [1e8, 3e8] })).toEqual(['externalBytes grew from 100000000 to 300000000']);
});
