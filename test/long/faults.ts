// `npm run test:faults -- --runs 5 --seed 1 --stride 1`: fails every call to the storage of scripted runs, one a time.
import { runFaults } from '../fault-run.js';
import { numbers, say } from './arguments.js';

const { runs, seed, stride } = numbers({ runs: 5, seed: 1, stride: 1 });

let faults = 0;
for (let run = 0; run < runs; run += 1) {
  const report = await runFaults(seed + run, Math.max(1, stride));
  faults += report.faults;
  say(`seed ${seed + run}: ${JSON.stringify(report)}`);
}
say(`PASSED: ${faults} faults`);
