// `npm run test:model -- --seconds 600 --seed 1000 --steps 400`: the model test, seed after seed, until the time is up.
import { ALL_SPACES, runModel } from '../model-run.js';
import { numbers, say } from './arguments.js';

const { seconds, seed, steps } = numbers({ seconds: 600, seed: 1000, steps: 400 });
const RECALL_MIN = 0.95;

const end = performance.now() + seconds * 1000;
let runs = 0;
let batches = 0;
let lowest = 1;
for (; runs === 0 || performance.now() < end; runs += 1) {
  const space = ALL_SPACES[(seed + runs) % ALL_SPACES.length] ?? {};
  const report = await runModel({ seed: seed + runs, steps, space });
  batches += report.batches;
  lowest = Math.min(lowest, report.recall);
  const { metric, element, dim } = report.space;
  say(
    `seed ${seed + runs}: ${metric} ${element} dim ${dim}, ${report.batches} batches, ${report.reopened} reopened, ` +
      `${report.segments} segments, recall ${report.recall.toFixed(4)} over ${report.queries} queries`,
  );
  if (report.recall < RECALL_MIN) throw new Error(`seed ${seed + runs}: recall ${report.recall} below ${RECALL_MIN}`);
}
say(`PASSED: ${runs} runs of ${steps} steps, ${batches} batches, lowest recall ${lowest.toFixed(4)}`);
