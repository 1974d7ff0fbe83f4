// What a suite of the benchmark is, and how one is run: failures become part of the report, so that one broken suite
// does not take the others' results with it. The suites themselves are in suites/; run.ts has their list.
import { printLine } from '../tools/output.js';
import { takeCommands } from './commands.js';
import type { DataSets } from './data-sets.js';
import type { BenchDocument, SuiteDocument, SuiteResult } from './document.js';

export interface SuiteContext {
  data: DataSets;
  /** True: all sizes. False: what fits into the minutes of `npm run bench`. */
  full: boolean;
  /** When a quick run is to be over, by performance.now(); infinite otherwise. */
  deadline: number;
  /** Threads of the runs that use all processors. */
  threads: number;
  /** A folder of the suite's own; removed when it is done. */
  folder: string;
  /** For suites whose results have a place of their own in it (peers). */
  document: BenchDocument;
  tell(line: string): void;
}

export interface Suite {
  name: string;
  title: string;
  /** Part of `npm run bench`; the others are run by `bench:full` and by name. */
  quick: boolean;
  /** Left out where the data set has none, unless it is asked for by name. */
  needsPayloads?: true;
  run(context: SuiteContext): Promise<SuiteResult>;
}

const NOTHING: SuiteResult = { notes: [], tables: [], charts: [] };

export async function runSuite(suite: Suite, context: SuiteContext): Promise<SuiteDocument> {
  printLine(`\n== ${suite.name}: ${suite.title}`);
  takeCommands();
  const version = context.document.versions['vamana-ssd'] ?? 'unknown';
  const head = { title: suite.title, began_at: new Date().toISOString(), version };
  if (performance.now() > context.deadline) {
    const reason = `no time left in a quick run; \`npm run bench -- --suite ${suite.name} --keep\` adds it`;
    printLine(`left out: ${reason}`);
    return { ...head, status: 'skipped', reason, seconds: 0, commands: [], ...NOTHING };
  }
  const started = performance.now();
  const seconds = (): number => Math.round((performance.now() - started) / 100) / 10;
  try {
    const result = await suite.run(context);
    return { ...head, status: 'ok', seconds: seconds(), commands: takeCommands(), ...result };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    printLine(`failed: ${reason}`);
    return { ...head, status: 'failed', reason, seconds: seconds(), commands: takeCommands(), ...NOTHING };
  }
}
