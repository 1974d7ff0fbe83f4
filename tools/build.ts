// `vamana build`: a segment from a vector file, with no collection around it. Shows the plan before the work.
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import {
  type BuildIndexOptions,
  type BuildPlan,
  type BuildReport,
  buildIndex,
  type Metric,
  planIndex,
} from '../src/index.js';
import { withFlatRows } from '../src/segment/flat-rows.js';
import { choice, integer, number, parseSize, positiveInteger } from './options.js';
import {
  type Fact,
  formatBytes,
  formatSeconds,
  printFacts,
  printJson,
  printLine,
  renderFacts,
  snakeKeys,
} from './output.js';
import { createStagedProgress } from './progress.js';
import { action } from './run.js';

const METRICS = ['l2', 'cosine', 'dot', 'l1'] as const satisfies readonly Metric[];
const ORDERS = ['bisection', 'kmeans', 'bfs'] as const;
const CODES = ['pq', 'rabitq', 'auto'] as const;

export function register(program: Command): void {
  program
    .command('build')
    .description('build a segment from a vector file')
    .requiredOption('--data <file>', 'vectors')
    .requiredOption('--index <dir>', 'folder to make; must not exist')
    .option('--format <name>', 'format of the vector file, when its extension does not tell')
    .option('--metric <name>', METRICS.join(', '), choice(METRICS), 'l2')
    .option('--degree <n>', 'most neighbours a row', positiveInteger, 24)
    .option('--build-list <n>', 'width of the beam while building', positiveInteger, 100)
    .option('--alpha <x>', 'how much longer a detour may be before an edge is kept', number(1), 1.2)
    .option('--order <name>', `order of the rows: ${ORDERS.join(', ')}`, choice(ORDERS), 'bisection')
    .option('--code <name>', `short code kept in memory: ${CODES.join(', ')}`, choice(CODES), 'auto')
    .option('--code-bytes <n>', 'bytes of the code a row', positiveInteger, 68)
    .option(
      '--memory-limit <size>',
      'most memory of the whole process; less than a build in memory takes makes it build in partitions',
      parseSize,
    )
    .option('--threads <n>', 'threads', positiveInteger, availableParallelism())
    .option('--seed <n>', 'seed; the same one gives the same bytes', integer(0), 1)
    .action(
      action<BuildIndexOptions>(async (given, { signal, json }) => {
        await withFlatRows({ ...given, signal }, (rows) => build({ ...given, ...rows, signal }, json));
      }),
    );
}

async function build(options: BuildIndexOptions, json: boolean): Promise<void> {
  const plan = renderFacts(planFacts(await planIndex(options), options.memoryLimit));
  // Standard output belongs to the one document under --json.
  if (json) process.stderr.write(plan);
  else printLine(plan);
  const progress = createStagedProgress('rows');
  try {
    const report = await buildIndex({ ...options, onProgress: progress.update });
    progress.end();
    if (json) printJson(snakeKeys(report));
    else printFacts(reportFacts(report, options.index));
  } finally {
    progress.end();
  }
}

export function planFacts(plan: BuildPlan, limit: number | undefined): Fact[] {
  return [
    ['plan', plan.partitions === 1 ? 'in memory' : `${plan.partitions} overlapping partitions, merged`],
    ['order', plan.order],
    ['most memory', `stage ${plan.stage}`],
    ['vectors', formatBytes(plan.vectorsBytes)],
    ['graph', formatBytes(plan.graphBytes)],
    ['codes', formatBytes(plan.codesBytes)],
    ['buffers', formatBytes(plan.buffersBytes)],
    ['process', formatBytes(plan.processBytes)],
    ['total', formatBytes(plan.peakBytes)],
    ['limit', limit === undefined ? 'none' : formatBytes(limit)],
    ['least possible limit', formatBytes(plan.leastBytes)],
  ];
}

export function reportFacts(report: BuildReport, dir: string): Fact[] {
  const { seconds, files } = report;
  return [
    ['index', dir],
    ['rows', report.rows],
    ['dimension', report.dim],
    ['time', formatSeconds(seconds.total)],
    ['  read', formatSeconds(seconds.read)],
    ['  train', formatSeconds(seconds.train)],
    ['  graph', formatSeconds(seconds.graph)],
    ['  reorder', formatSeconds(seconds.reorder)],
    ['  write', formatSeconds(seconds.write)],
    ['degree, mean', report.degreeMean],
    ['bits/edge', report.bitsPerEdge],
    ['unreachable', report.unreachable],
    ['linked to be reachable', report.repaired],
    ['partitions', report.partitions],
    ['order', report.order],
    ['vectors file', formatBytes(files.vectors)],
    ['graph file', formatBytes(files.graph)],
    ['codes file', formatBytes(files.codes)],
    ['rows file', formatBytes(files.rows)],
    ['peak resident', formatBytes(report.rssPeak)],
  ];
}
