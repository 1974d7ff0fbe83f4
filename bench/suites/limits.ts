// Suite `limits`: builds under ever lower memory limits, what they take and what the index is worth.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../tools/tree.js';
import { rounded } from '../../tools/output.js';
import type { SearchDocument } from '../../tools/search-document.js';
import { runProgram, vamana } from '../commands.js';
import { cutDataSet, type DataSet } from '../data-sets.js';
import type { SuiteResult } from '../document.js';
import type { Suite, SuiteContext } from '../suite.js';
import { type BuildDocument, buildOf, megabytes, searchFiles } from '../sweeps.js';

const LIST_SIZES = ['80', '280'];
const TIME = '/usr/bin/time';

interface Limited {
  limit: number | null;
  planned: string;
  /** What GNU time counted; null where it is not installed. */
  counted: number | null;
  build: BuildDocument;
  found: SearchDocument[];
}

async function runLimits(context: SuiteContext): Promise<SuiteResult> {
  const { main } = context.data;
  const set = context.full ? main : await cutDataSet(main, 100_000, 2000);
  const free = await limited(set, null, context);
  const least = await leastLimit(set, context);
  // Between what a build in memory takes and the least possible.
  const between = [0.8, 0.6]
    .map((part) => Math.round(free.build.rss_peak * part))
    .filter((limit) => limit > least * 1.1);
  const rows = [free];
  for (const limit of [...between, least]) rows.push(await limited(set, limit, context));
  return {
    notes: [
      `${set.name}: ${set.rows} x ${set.dim} ${set.element}. The limit holds for the whole process, Node included; the last one is the least that the build accepts.`,
    ],
    tables: [
      {
        title: 'Builds',
        columns: [
          ...['limit MB', 'planned', 'partitions', 'order', 'peak MB', 'peak MB (time)', 's', 'bits/edge', 'degree'],
          ...LIST_SIZES.flatMap((list) => [`recall, list ${list}`, `reads, list ${list}`]),
        ],
        rows: rows.map(({ limit, planned, counted, build, found }) => [
          limit === null ? 'none' : megabytes(limit),
          planned,
          build.partitions,
          build.order,
          megabytes(build.rss_peak),
          counted === null ? null : megabytes(counted),
          rounded(build.seconds.total, 4),
          rounded(build.bits_per_edge, 4),
          rounded(build.degree_mean, 4),
          ...found.flatMap((row) => [row.recall_at_k, row.per_query.reads]),
        ]),
      },
    ],
    charts: [],
    raw: rows,
  };
}

async function limited(set: DataSet, limit: number | null, context: SuiteContext): Promise<Limited> {
  context.tell(`limit ${limit ?? 'none'}`);
  const index = join(context.folder, 'index');
  rmSync(index, { recursive: true, force: true });
  const log = join(context.folder, 'time');
  const options = limit === null ? [] : ['--memory-limit', `${limit}`];
  const command = [join(projectRoot(), 'dist', 'tools', 'vamana.js'), 'build', '--data', set.base, '--index', index];
  const args = [process.execPath, ...command, '--metric', set.metric, ...options, '--json'];
  const timed = existsSync(TIME) ? [TIME, '-f', '%M', '-o', log, ...args] : args;
  const { stdout, stderr } = await runProgram(timed[0] ?? '', timed.slice(1));
  const found: SearchDocument[] = [];
  for (const list of LIST_SIZES) {
    const search = ['--list-size', list, '--cache', '0', '--threads', `${context.threads}`];
    found.push(await vamana<SearchDocument>(['search', '--index', index, ...searchFiles(set), ...search]));
  }
  return {
    limit,
    planned: /^total +(.*)$/m.exec(stderr)?.[1] ?? '',
    counted: existsSync(log) ? Number(readFileSync(log, 'utf8')) * 1024 : null,
    build: JSON.parse(stdout) as BuildDocument,
    found,
  };
}

/** What the command itself says when it is given next to nothing. */
async function leastLimit(set: DataSet, context: SuiteContext): Promise<number> {
  try {
    await buildOf(set, join(context.folder, 'none'), ['--memory-limit', '1']);
  } catch (error) {
    const least = /least possible limit for it is (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    if (least !== undefined) return Number(least);
    throw error;
  }
  throw new Error('a build within one byte succeeded');
}

export const limitsSuite: Suite = { name: 'limits', title: 'Builds under a memory limit', quick: true, run: runLimits };
