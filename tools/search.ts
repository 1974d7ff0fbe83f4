// `vamana search`: runs all queries of a file against an index and tells recall, speed, cost and memory.
import type { Command } from 'commander';
import { openIndex } from '../src/index.js';
import { writeIds } from '../src/source/ids.js';
import { positiveInteger } from './options.js';
import { printFacts, printJson } from './output.js';
import { loadQueries, loadTruth } from './queries.js';
import { action } from './run.js';
import { searchFacts } from './search-document.js';
import { addSearchOptions, type SharedSearchOptions } from './search-options.js';
import { runSearch } from './search-run.js';

interface SearchOptions extends SharedSearchOptions {
  listSize?: number;
  truth?: string;
  out?: string;
  repeat: number;
}

export function register(program: Command): void {
  addSearchOptions(program.command('search'))
    .description('run all queries of a file: recall, speed, cost, memory')
    .option('--list-size <n>', 'width of the beam; by default what the index was tuned to, else 64', positiveInteger)
    .option('--repeat <n>', 'run all queries so many times', positiveInteger, 1)
    .option('--truth <file>', 'exact neighbours (.ivecs), to measure recall; ties count as right')
    .option('--out <file>', 'write the found rows there (.ivecs)')
    .action(
      action<SearchOptions>(async (options, { signal, json }) => {
        const { k, threads, io, cache: cacheBytes, repeat } = options;
        const index = await openIndex(options.index, { io, threads, cacheBytes });
        try {
          const queries = await loadQueries(options.queries, index.info, options.format);
          const truth = options.truth === undefined ? undefined : await loadTruth(options.truth, queries.count, k);
          const { scores } = options;
          const exact = options.exact === true;
          const settings = { k, ...index.effort(options), scores, threads, cacheBytes, exact, repeat };
          const run = await runSearch({ index, dir: options.index, queries, truth, settings, signal });
          if (options.out !== undefined) await writeIds(options.out, { k, ids: run.rows }, { force: true });
          if (json) printJson(run.document);
          else printFacts(searchFacts(run.document));
        } finally {
          await index.close();
        }
      }),
    );
}
