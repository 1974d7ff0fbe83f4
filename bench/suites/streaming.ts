// Suite `streaming`: all points of a collection are replaced by others, a part a step, while it is searched and maintains
// itself (bench/lifecycle/endurance.ts); recall, sizes and latency meanwhile, and a fresh build of the same points at the
// end. Half of the set's rows take the places of the other half.
import { enduranceCharts, enduranceNote, enduranceTables } from '../lifecycle/report.js';
import { runEndurance } from '../lifecycle/endurance.js';
import { SetRows } from '../lifecycle/set-rows.js';
import type { SuiteResult } from '../document.js';
import type { Suite, SuiteContext } from '../suite.js';

const FULL = { points: 500_000, steps: 100, stepMs: 3000 };
const QUICK = { points: 20_000, steps: 20, stepMs: 500 };

async function run({ data, full, folder, threads, tell }: SuiteContext): Promise<SuiteResult> {
  const { points: most, steps, stepMs } = full ? FULL : QUICK;
  const points = Math.min(most, Math.floor(data.main.rows / 2));
  const rows = await SetRows.load(data.main, 2 * points);
  const document = await runEndurance({ rows, points, steps, stepMs, folder, threads, tell });
  return {
    notes: [`${data.main.name}: ${enduranceNote(document)}`],
    tables: enduranceTables(document),
    charts: enduranceCharts(document),
    raw: document,
  };
}

export const streamingSuite: Suite = { name: 'streaming', title: 'All points replaced', quick: true, run };
