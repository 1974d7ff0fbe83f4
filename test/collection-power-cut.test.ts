// A collection whose machine loses power; `npm run test:power` cuts at every call of many runs.
import { expect, it } from 'vitest';
import { runPowerCuts } from './power-cut-run.js';

const seed = Number(process.env.SEED ?? 1);

it(`loses nothing that was acknowledged when the power fails, seed ${seed}`, async () => {
  const report = await runPowerCuts({ seed, stride: 6 });
  expect(report.cuts).toBeGreaterThan(20);
  expect(report.metaBehind).toBeGreaterThan(0);
}, 120_000);
