// Random operations against a naive model, over every metric and element type. `SEED=7 STEPS=500` repeats one run;
// long/model.ts makes many. A failure names both.
import { expect, it } from 'vitest';
import { ALL_SPACES, runModel } from './model-run.js';

const STEPS = Number(process.env.STEPS ?? 200);
const SEED = process.env.SEED === undefined ? undefined : Number(process.env.SEED);

const runs = ALL_SPACES.map((space, at) => ({ seed: SEED ?? at + 1, steps: STEPS, space }));

it.concurrent.each(runs)(
  'agrees with the model: $space.metric over $space.element, seed $seed, $steps steps',
  async (run) => {
    const report = await runModel(run);
    expect(report.recall, `recall over ${report.queries} queries`).toBeGreaterThanOrEqual(0.95);
  },
  120_000,
);
