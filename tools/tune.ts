// `vamana tune`: finds the list size and rerank depth that reach a recall, and leaves them beside the index as what
// searches take when no list size is given (src/segment/tuning-file.ts). The page cache is off, so that reads are told.
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { openIndex, type TuneTrial, tuneIndex, writeTuning } from '../src/index.js';
import { tuningFacts } from './inspect.js';
import { number, positiveInteger } from './options.js';
import { type Column, printFacts, printJson, printLine, printTable, snakeKeys } from './output.js';
import { loadQueries, loadTruth } from './queries.js';
import { action } from './run.js';

interface TuneVerbOptions {
  index: string;
  queries: string;
  truth?: string;
  format?: string;
  k: number;
  targetRecall: number;
  threads: number;
  dryRun?: true;
}

export function register(program: Command): void {
  program
    .command('tune')
    .description('list size and rerank depth for a recall, kept as the defaults of the index')
    .requiredOption('--index <dir>', 'folder of the index')
    .requiredOption('--queries <file>', 'queries like those to come; half of them choose, half are held out')
    .requiredOption('--target-recall <x>', 'share of right results to be reached, such as 0.95', number(0, 1))
    .option('--truth <file>', 'exact neighbours (.ivecs); found by scans when left out')
    .option('--format <name>', 'format of the query file, when its extension does not tell')
    .option('--k <n>', 'results a query', positiveInteger, 10)
    .option('--threads <n>', 'search threads; all processors by default', positiveInteger, availableParallelism())
    .option('--dry-run', 'only tell, keep nothing')
    .action(
      action<TuneVerbOptions>(async (options, { signal, json }) => {
        const { k, targetRecall, threads } = options;
        const index = await openIndex(options.index, { threads, cacheBytes: 0 });
        try {
          const queries = await loadQueries(options.queries, index.info, options.format);
          const truth = options.truth === undefined ? undefined : await loadTruth(options.truth, queries.count, k);
          const given = truth === undefined ? {} : { truth: truth.ids, truthWidth: truth.k };
          const { tuning, trials } = await tuneIndex(index, {
            queries: queries.data,
            ...given,
            k,
            targetRecall,
            signal,
          });
          const path = options.dryRun === true ? null : await writeTuning(options.index, tuning);
          if (json) {
            printJson({ ...(snakeKeys(tuning) as object), trials: snakeKeys(trials), path });
            return;
          }
          printTable(trials, columns);
          printLine();
          printFacts([...tuningFacts(tuning), ['kept in', path ?? 'nothing (--dry-run)']]);
        } finally {
          await index.close();
        }
      }),
    );
}

const columns: readonly Column<TuneTrial>[] = [
  { title: 'list', cell: ({ listSize }) => listSize },
  { title: 'rerank', cell: ({ rerank }) => rerank, align: 'right' },
  { title: 'recall', cell: ({ recall }) => recall.toFixed(4), align: 'right' },
  { title: 'error', cell: ({ standardError }) => standardError.toFixed(4), align: 'right' },
  { title: 'reads', cell: ({ reads }) => reads.toFixed(2), align: 'right' },
];
