// Flipped bytes in a closed collection; `npm run test:flips` flips many more.
import { expect, it } from 'vitest';
import { runFlips } from './flip-run.js';

const seed = Number(process.env.SEED ?? 1);

it(`notices a flipped byte in log, manifest and segments, seed ${seed}`, async () => {
  const { flips, noticed } = await runFlips(seed, 6);
  expect(flips).toBeGreaterThan(60);
  expect(noticed.opening).toBeGreaterThan(0);
}, 120_000);
