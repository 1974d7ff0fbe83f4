// `vamana perf`: what a query costs by the system's counters, beside the index's own. The search runs twice as a
// process of its own under `perf stat`, with one round of the queries and with more; the difference is the queries'.
// Without perf the counters are those that the system keeps for every process (getrusage), read in this one.
import { join } from 'node:path';
import type { Command } from 'commander';
import { isErrorCode, VamanaError } from '../src/errors.js';
import { inspectIndex, openIndex } from '../src/index.js';
import { positiveInteger } from './options.js';
import { printJson, printLine, printTable } from './output.js';
import {
  counted,
  type Measurement,
  type PerfDocument,
  perfColumns,
  perfDocument,
  perfRows,
  workOf,
} from './perf-document.js';
import { type Count, type Counts, INSTALL_PERF, parsePerfStat, runPerfStat, whyNoPerf } from './perf-stat.js';
import { loadQueries } from './queries.js';
import { action } from './run.js';
import { indexSummary, paramsSummary, type SearchDocument } from './search-document.js';
import { addSearchOptions, type SharedSearchOptions } from './search-options.js';
import { runSearch } from './search-run.js';
import { projectRoot } from './tree.js';

interface PerfOptions extends SharedSearchOptions {
  listSize?: number;
  repeat?: number;
}

interface Measured {
  search: SearchDocument;
  short: Measurement;
  long: Measurement;
}

/** So many that the noise of starting and loading, divided by them, is small beside a query's own cost. */
const QUERIES_ENOUGH = 10_000;

export function register(program: Command): void {
  addSearchOptions(program.command('perf'))
    .description('counters a query: page faults, switches, cycles (perf stat); reads, hits')
    .option('--list-size <n>', 'width of the beam; by default what the index was tuned to, else 64', positiveInteger)
    .option('--repeat <n>', `rounds of all queries to measure (default: enough for ${QUERIES_ENOUGH})`, positiveInteger)
    .action(
      action<PerfOptions>(async (options, { signal, json }) => {
        const { pagesPerSlot } = await inspectIndex(options.index);
        const counterNote = await whyNoPerf(signal);
        const measured = await (counterNote === null ? measureWithPerf : measureHere)(options, signal);
        const counter = counterNote === null ? 'perf' : 'getrusage';
        const document = perfDocument({ ...measured, pagesPerSlot, counter, counterNote });
        if (json) printJson(document);
        else print(document);
      }),
    );
}

function print(document: PerfDocument): void {
  printLine(indexSummary(document.index));
  printLine(paramsSummary(document));
  const by = document.counter === 'perf' ? 'perf stat' : 'getrusage';
  printLine(`${document.queries} queries, counted by ${by}; "beside" is all the rest: start, loading, the first round`);
  if (document.counter_note !== null) printLine(document.counter_note);
  printLine();
  printTable(perfRows(document), perfColumns);
}

async function measureWithPerf(options: PerfOptions, signal: AbortSignal): Promise<Measured> {
  const short = await searchUnderPerf(options, 1, signal);
  const rounds = options.repeat ?? roundsEnough(short.search.queries);
  const long = await searchUnderPerf(options, 1 + rounds, signal);
  return { search: long.search, short, long };
}

async function searchUnderPerf(
  options: PerfOptions,
  rounds: number,
  signal: AbortSignal,
): Promise<Measurement & { search: SearchDocument }> {
  const program = join(projectRoot(), 'dist', 'tools', 'vamana.js');
  const command = [process.execPath, program, ...searchArguments(options, rounds)];
  // Progress is passed on; the failure is thrown from here.
  const onLine = (line: string): void => {
    if (!line.startsWith('error ')) process.stderr.write(`${line}\n`);
  };
  const run = await runPerfStat(command, { signal, onLine });
  // perf ends well even when its program was killed, so it is the document that tells.
  if (run.exitCode !== 0 || run.stdout === '') throw searchFailure(run.stderr, run.exitCode);
  const search = JSON.parse(run.stdout) as SearchDocument;
  return { search, counts: parsePerfStat(run.log), work: workOf(search) };
}

function searchArguments(options: PerfOptions, rounds: number): string[] {
  const { index, queries, format, k, listSize, rerank, scores, io, cache, threads, exact } = options;
  const values = { index, queries, k, 'list-size': listSize, rerank, scores, io, cache, threads, repeat: rounds };
  return [
    'search',
    '--json',
    ...Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)])),
    ...(format === undefined ? [] : ['--format', format]),
    ...(exact === true ? ['--exact'] : []),
  ];
}

function searchFailure(stderr: readonly string[], exitCode: number | null): VamanaError {
  const line = stderr.findLast((one) => one.startsWith('error ')) ?? '';
  const [, code, message] = /^error ([A-Z_]+): (.*)$/.exec(line) ?? [];
  if (isErrorCode(code) && message !== undefined) return new VamanaError(code, message);
  const last = stderr.at(-1) ?? 'nothing';
  return new VamanaError('INTERNAL', `the search under perf stat gave no document (exit code ${exitCode}): ${last}`);
}

// In one process, so what is beside the queries is this process's own start.
async function measureHere(options: PerfOptions, signal: AbortSignal): Promise<Measured> {
  const { k, scores, threads, io, cache: cacheBytes } = options;
  const index = await openIndex(options.index, { io, threads, cacheBytes });
  try {
    const queries = await loadQueries(options.queries, index.info, options.format);
    const settings = { k, ...index.effort(options), scores, threads, cacheBytes, exact: options.exact === true };
    const search = async (repeat: number): Promise<SearchDocument> =>
      (
        await runSearch({
          index,
          dir: options.index,
          queries,
          truth: undefined,
          settings: { ...settings, repeat },
          signal,
        })
      ).document;
    const first = await search(1);
    const short = { counts: usageCounts(), work: workOf(first) };
    const rest = await search(options.repeat ?? roundsEnough(queries.count));
    const more = workOf(rest);
    const work = {
      queries: short.work.queries + more.queries,
      reads: short.work.reads + more.reads,
      readBytes: short.work.readBytes + more.readBytes,
      cacheHits: short.work.cacheHits + more.cacheHits,
    };
    return { search: rest, short, long: { counts: usageCounts(), work } };
  } finally {
    await index.close();
  }
}

function usageCounts(): Counts {
  const usage = process.resourceUsage();
  const missing: Count = { value: null, reason: `counted by perf only: ${INSTALL_PERF}`, share: 0 };
  return {
    'page-faults': counted(usage.minorPageFault + usage.majorPageFault),
    'major-faults': counted(usage.majorPageFault),
    'context-switches': counted(usage.voluntaryContextSwitches + usage.involuntaryContextSwitches),
    'task-clock': counted((usage.userCPUTime + usage.systemCPUTime) / 1000),
    'cpu-migrations': missing,
    cycles: missing,
    instructions: missing,
    'cache-misses': missing,
    'branch-misses': missing,
  };
}

function roundsEnough(queries: number): number {
  return Math.max(1, Math.ceil(QUERIES_ENOUGH / queries));
}
