// `npm run bench [-- OPTIONS]` and `npm run bench:full`: prepares the data, runs the suites one after the other and
// writes bench/out/report.html and report.json. Nothing else may run on the machine meanwhile.
//
//   --full              all sizes and all suites
//   --suite a,b         only these; results of an earlier run's other suites are kept with --keep
//   --keep              begin with the report.json that is there
//   --folder DIR        a folder with the known data sets (default ../shared/data, else the bundled sample)
//   --data F [--queries F] [--truth F] [--metric M]   any vector file instead
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadNative } from '../src/binding.js';
import type { Metric } from '../src/index.js';
import { machineFacts } from '../tools/machine.js';
import { printLine, rounded } from '../tools/output.js';
import { projectRoot } from '../tools/tree.js';
import { endCommandsBy } from './commands.js';
import { type DataSets, findDataSets, givenDataSet, OUTPUT } from './data-sets.js';
import type { BenchDocument, MachineState } from './document.js';
import { renderBenchPage } from './page.js';
import { dropPageCache } from './page-cache.js';
import { runSuite, type Suite } from './suite.js';
import { suites } from './suites/registry.js';

/** A quick run begins no suite later than that, and no program of one runs past the end: it stays under 15 minutes. */
const QUICK_MS = { lastSuite: 12.5 * 60_000, end: 14 * 60_000 };

const REPORT = join(OUTPUT, 'report.json');
const PAGE = join(OUTPUT, 'report.html');

const { values: options } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    suite: { type: 'string' },
    keep: { type: 'boolean', default: false },
    folder: { type: 'string' },
    data: { type: 'string' },
    queries: { type: 'string' },
    truth: { type: 'string' },
    metric: { type: 'string', default: 'l2' },
  },
});

async function bench(): Promise<void> {
  mkdirSync(OUTPUT, { recursive: true });
  const named = namedSuites();
  // What is asked for by name is run whole.
  const limited = !options.full && named === undefined;
  const deadline = limited ? QUICK_MS.lastSuite : Number.POSITIVE_INFINITY;
  if (limited) endCommandsBy(QUICK_MS.end);
  const data = await prepareData();
  const chosen = named ?? suitesFor(data);
  const document = await startDocument(data);
  for (const suite of chosen) {
    const folder = join(OUTPUT, 'work', suite.name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const threads = document.machine.cores;
    const tell = (line: string): void => printLine(`  ${line}`);
    const context = { data, full: options.full, deadline, threads, folder, document, tell };
    document.suites[suite.name] = await runSuite(suite, context);
    rmSync(folder, { recursive: true, force: true });
    document.suites = inOrder(document.suites);
    // After each, so that what was measured is kept whatever comes.
    writeFileSync(REPORT, `${JSON.stringify(document, null, 2)}\n`);
    writeFileSync(PAGE, renderBenchPage(document));
  }
  printLine(`\nwritten: ${REPORT}, ${PAGE}`);
  const failed = chosen.filter(({ name }) => document.suites[name]?.status === 'failed');
  for (const { name } of failed) printLine(`failed: ${name}: ${document.suites[name]?.reason}`);
  if (failed.length > 0) process.exitCode = 1;
}

/** As they are shown, whenever each was measured. */
function inOrder(measured: BenchDocument['suites']): BenchDocument['suites'] {
  return Object.fromEntries(suites.flatMap(({ name }) => Object.entries(measured).filter(([key]) => key === name)));
}

function suitesFor({ words }: DataSets): Suite[] {
  const fitting = suites.filter(({ quick }) => quick || options.full);
  return fitting.filter(({ needsPayloads }) => needsPayloads !== true || words?.payload !== undefined);
}

function namedSuites(): Suite[] | undefined {
  return options.suite?.split(',').map((name) => {
    const found = suites.find((suite) => suite.name === name);
    if (found !== undefined) return found;
    throw new Error(`no suite '${name}'; there are ${suites.map((suite) => suite.name).join(', ')}`);
  });
}

async function prepareData(): Promise<DataSets> {
  const { data, queries, truth, folder } = options;
  if (data === undefined) return findDataSets(folder);
  const metric = options.metric as Metric;
  const files = {
    data,
    metric,
    ...(queries === undefined ? {} : { queries }),
    ...(truth === undefined ? {} : { truth }),
  };
  return { main: await givenDataSet(files) };
}

async function startDocument(data: DataSets): Promise<BenchDocument> {
  const before =
    options.keep && existsSync(REPORT) ? (JSON.parse(readFileSync(REPORT, 'utf8')) as BenchDocument) : null;
  const sets = data.words === undefined ? [data.main] : [data.main, data.words];
  return {
    created_at: new Date().toISOString(),
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    quick: !options.full,
    versions: versions(),
    machine: { ...machineFacts(), ...(await machineState()) },
    data: sets.map(({ name, rows, dim, element, metric, queryCount }) => {
      return { name, rows, dim, element, metric, queries: queryCount };
    }),
    peers: before?.peers ?? [],
    ratios: before?.ratios ?? [],
    suites: before?.suites ?? {},
  };
}

async function machineState(): Promise<MachineState> {
  const load = rounded(loadavg()[0] ?? Number.NaN, 3);
  const { disk } = await loadNative().doctor(OUTPUT);
  return {
    load_average: load,
    disk:
      disk === null
        ? null
        : {
            depth1_us: rounded(disk.depth1Us, 3),
            depth32_reads_per_second: Math.round(disk.depth32ReadsPerSecond),
            direct: disk.direct,
          },
    drops_page_cache: dropPageCache(),
  };
}

function versions(): Record<string, string> {
  const { version } = JSON.parse(readFileSync(join(projectRoot(), 'package.json'), 'utf8')) as { version: string };
  return { 'vamana-ssd': `${version}${commit()}`, node: process.version, ...cpuLevel() };
}

function cpuLevel(): Record<string, string> {
  const level = process.env.VAMANA_CPU;
  return level === undefined ? {} : { VAMANA_CPU: level };
}

// Nothing where there is no git or no commit.
function commit(): string {
  try {
    const stdio: ('ignore' | 'pipe')[] = ['ignore', 'pipe', 'ignore'];
    const git = (...args: string[]): string =>
      execFileSync('git', args, { cwd: projectRoot(), encoding: 'utf8', stdio }).trim();
    return ` (${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') === '' ? '' : ', changed'})`;
  } catch {
    return '';
  }
}

try {
  await bench();
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
