// The options that `search` and `bench` share, and what they come to.
import { type Command, Option } from 'commander';
import type { IoKind } from '../src/index.js';
import { choice, choiceOrInteger, parseSize, positiveInteger } from './options.js';

export const ioChoices = ['auto', 'mmap', 'uring', 'pread'] as const satisfies readonly IoKind[];

export interface SharedSearchOptions {
  index: string;
  queries: string;
  format?: string;
  k: number;
  scores: 'exact' | 'approximate';
  rerank?: 'auto' | number;
  io: IoKind;
  cache: number;
  threads: number;
  exact?: true;
}

const SCORES = ['exact', 'approximate'] as const;

export function addSearchOptions(command: Command): Command {
  return command
    .requiredOption('--index <dir>', 'folder of the index')
    .requiredOption('--queries <file>', 'vectors to search for')
    .option('--format <name>', 'format of the query file, when its extension does not tell')
    .option('--k <n>', 'results a query', positiveInteger, 10)
    .option('--rerank <auto|n>', 'candidates read and ranked exactly; auto by default', choiceOrInteger(['auto'], 1))
    .option('--io <way>', `how vectors are read: ${ioChoices.join(', ')}`, choice(ioChoices), 'auto')
    .addOption(new Option('--cache <size>', 'page cache; 0 for none').argParser(parseSize).default(64e6, '64MB'))
    .option('--threads <n>', 'search threads', positiveInteger, 1)
    .option(
      '--scores <kind>',
      'exact, or approximate: read only what the codes leave in doubt',
      choice(SCORES),
      'exact',
    )
    .option('--exact', 'scan every row instead of walking the graph');
}
