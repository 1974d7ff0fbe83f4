// `npm run bench:lifecycle -- [endurance|rebuild] [POINTS] [FOLDER]`: what lasting use does to a collection of the SIFT
// set, and what a rebuild of one does to its searches. Both parts without a name. POINTS is 500,000 for endurance and
// 1,000,000 for the rebuild by default; FOLDER ../shared/data. Writes bench/out/lifecycle/*.json, and with the default
// sizes the plots and tables of docs/lifecycle.md. On two cores with nothing else running endurance takes a quarter of an
// hour, the rebuild most of one, nearly all of which is the throttled rebuild.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { formatSeconds, printLine } from '../tools/output.js';
import { projectRoot } from '../tools/tree.js';
import { runEndurance } from './lifecycle/endurance.js';
import { enduranceReport, rebuildReport, writeReport } from './lifecycle/report.js';
import { runRebuild } from './lifecycle/online-rebuild.js';
import { SetRows } from './lifecycle/set-rows.js';

const OUTPUT = join(projectRoot(), 'bench', 'out', 'lifecycle');
const FULL = { endurance: 500_000, rebuild: 1_000_000 };
const STEPS = 100;
const STEP_MS = 3000;
const WINDOW_SECONDS = 25;

type Part = keyof typeof FULL;

async function bench(part: Part, points: number, folder: string): Promise<void> {
  const began = performance.now();
  const tell = (line: string): void => printLine(`${formatSeconds((performance.now() - began) / 1000)}  ${line}`);
  const work = join(OUTPUT, part);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const share = points / FULL[part];
  const set = join(folder, 'photo-sift-1m');
  const files = { base: `${set}.base.u8bin`, queries: `${set}.query.u8bin`, metric: 'l2' } as const;
  const rows = await SetRows.load(files, part === 'endurance' ? 2 * points : points);
  const task = { rows, points, folder: work, threads: availableParallelism(), tell };
  const report =
    part === 'endurance'
      ? enduranceReport(await runEndurance({ ...task, steps: STEPS, stepMs: Math.max(200, STEP_MS * share) }))
      : rebuildReport(await runRebuild({ ...task, windowSeconds: Math.max(5, WINDOW_SECONDS * share) }));
  writeFileSync(join(OUTPUT, `${part}.json`), `${JSON.stringify(report.document, null, 2)}\n`);
  writeReport(share === 1 ? join(projectRoot(), 'docs') : OUTPUT, report);
  rmSync(work, { recursive: true, force: true });
}

const [first = '', ...rest] = process.argv.slice(2);
const named = first === 'endurance' || first === 'rebuild';
const parts: Part[] = named ? [first] : ['rebuild', 'endurance'];
const [size, folder = join(projectRoot(), '..', 'shared', 'data')] = named ? rest : process.argv.slice(2);
for (const part of parts) await bench(part, size === undefined ? FULL[part] : Number(size), folder);
