// A few kills of a real process; `npm run test:crash -- --kills 200` makes many. `SEED=` repeats one run as nearly as
// the machine's timing allows.
import { expect, it } from 'vitest';
import { runCrashes } from './crash-run.js';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

it(`keeps what was acknowledged when the process is killed, seed ${seed}`, async () => {
  const report = await runCrashes(seed, 8);
  expect(report.kills).toBe(8);
  expect(report.checks).toBeGreaterThan(0);
}, 120_000);
