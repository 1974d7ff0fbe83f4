// `vamana bench`: one search run a list size; the curve as a table, as JSON, and as an HTML report.
// With a page cache each run opens the index anew, so that none profits from the pages of the one before.
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { openIndex, type VectorIndex } from '../src/index.js';
import { machineFacts } from './machine.js';
import { integerList } from './options.js';
import { printJson, printLine, printTable } from './output.js';
import { loadQueries, loadTruth } from './queries.js';
import { renderReport } from './report.js';
import { action } from './run.js';
import { indexSummary, paramsSummary, type SearchDocument, sweepColumns } from './search-document.js';
import { addSearchOptions, type SharedSearchOptions } from './search-options.js';
import { runSearch } from './search-run.js';

interface BenchOptions extends SharedSearchOptions {
  truth: string;
  sweep: number[];
  report?: string;
}

export function register(program: Command): void {
  addSearchOptions(program.command('bench'))
    .description('search with several list sizes: recall against speed, latency and reads')
    .requiredOption('--truth <file>', 'exact neighbours (.ivecs)')
    .option('--sweep <sizes>', 'list sizes', integerList(1), [20, 30, 40, 60, 80, 120, 200])
    .option('--report <file>', 'write an HTML report with curves there')
    .action(
      action<BenchOptions>(async (options, { signal, json }) => {
        const rows = await sweep(options, signal);
        if (options.report !== undefined) await writeReport(options.report, rows);
        const first = rows[0];
        if (json) {
          printJson({ index: first?.index, rows });
        } else if (first !== undefined) {
          printLine(indexSummary(first.index));
          printLine(paramsSummary(first).replace(/list \d+, /, ''));
          printLine();
          printTable(rows, sweepColumns);
        }
      }),
    );
}

async function sweep(options: BenchOptions, signal: AbortSignal): Promise<SearchDocument[]> {
  const { k, rerank = 'auto', scores, threads, io, cache: cacheBytes } = options;
  const open = (): Promise<VectorIndex> => openIndex(options.index, { io, threads, cacheBytes });
  const rows: SearchDocument[] = [];
  let index = await open();
  try {
    const queries = await loadQueries(options.queries, index.info, options.format);
    const truth = await loadTruth(options.truth, queries.count, k);
    for (const listSize of options.sweep) {
      if (rows.length > 0 && cacheBytes > 0) {
        await index.close();
        index = await open();
      }
      const settings = { k, listSize, rerank, scores, threads, cacheBytes, exact: options.exact === true };
      const run = await runSearch({ index, dir: options.index, queries, truth, settings, signal });
      rows.push(run.document);
    }
    return rows;
  } finally {
    await index.close();
  }
}

async function writeReport(path: string, rows: readonly SearchDocument[]): Promise<void> {
  const commandLine = ['vamana', ...process.argv.slice(2)].map(quoted).join(' ');
  const page = renderReport({ createdAt: new Date().toISOString(), commandLine, machine: machineFacts(), rows });
  await writeFile(path, page);
}

function quoted(word: string): string {
  return /^[\w./,:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
