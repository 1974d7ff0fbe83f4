// Eight writers and eight searchers for some seconds; `npm run test:concurrency` for a minute.
import { expect, it } from 'vitest';
import { runConcurrently } from './concurrency-run.js';

const seed = Number(process.env.SEED ?? 1);

it(`shows each search one state that is not before what was acknowledged, seed ${seed}`, async () => {
  const report = await runConcurrently({ seed, seconds: 3, writers: 8, searchers: 8, deltaRows: 400 });
  expect(report.batches).toBeGreaterThan(20);
  expect(report.searches).toBeGreaterThan(20);
  expect(report.segments).toBeGreaterThan(1);
  expect(report.recall).toBeGreaterThanOrEqual(0.95);
}, 60_000);
