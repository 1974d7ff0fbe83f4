// `npm run test:crash -- --kills 200 --seed 1 --each 25`: kills processes in runs of `each`, every run another seed.
import { runCrashes } from '../crash-run.js';
import { numbers, say } from './arguments.js';

const { kills, seed, each } = numbers({ kills: 200, seed: 1, each: 25 });

const total = { kills: 0, acknowledged: 0, unheard: 0, checks: 0, snapshots: 0, during: {} as Record<string, number> };
for (let run = 0; total.kills < kills; run += 1) {
  const report = await runCrashes(seed + run, Math.min(each, kills - total.kills));
  say(`seed ${seed + run}: ${JSON.stringify(report)}`);
  for (const name of ['kills', 'acknowledged', 'unheard', 'checks', 'snapshots'] as const) total[name] += report[name];
  for (const [name, count] of Object.entries(report.during)) total.during[name] = (total.during[name] ?? 0) + count;
}
say(`PASSED: ${JSON.stringify(total)}`);
