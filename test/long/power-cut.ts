// `npm run test:power -- --runs 5 --seed 1 --stride 1`: cuts the power at every call of scripted runs. With `--unsynced 1` for
// `sync: none`, where batches may be lost, but only the last ones, and wholly.
import { runPowerCuts } from '../power-cut-run.js';
import { numbers, say } from './arguments.js';

const { runs, seed, stride, unsynced } = numbers({ runs: 5, seed: 1, stride: 1, unsynced: 0 });

let cuts = 0;
for (let run = 0; run < runs; run += 1) {
  const report = await runPowerCuts({
    seed: seed + run,
    stride: Math.max(1, stride),
    sync: unsynced > 0 ? 'none' : 'always',
  });
  cuts += report.cuts;
  say(`seed ${seed + run}: ${JSON.stringify(report)}`);
}
say(`PASSED: ${cuts} power cuts`);
