// `vamana rollback`: puts back the segments that a merge or a rebuild replaced; what was written since stays.
import type { Command } from 'commander';
import { addCollectionOptions, type CollectionVerbOptions, withCollection } from './database-options.js';
import { positiveInteger } from './options.js';
import { printFacts, printJson, snakeKeys } from './output.js';
import { action } from './run.js';

interface RollbackOptions extends CollectionVerbOptions {
  segment?: number;
}

export function register(program: Command): void {
  addCollectionOptions(program.command('rollback'))
    .description('take the last merge or rebuild of a collection back')
    .option('--segment <n>', 'the one that made this segment; the last one by default', positiveInteger)
    .action(
      action<RollbackOptions>(async (options, { json }) => {
        await withCollection(options, async (collection) => {
          const { replacedBy, retiredAt, segments } = await collection.rollback(options.segment);
          const numbers = segments.map(({ number }) => number);
          if (json) printJson(snakeKeys({ collection: collection.name, replacedBy, retiredAt, segments: numbers }));
          else {
            printFacts([
              ['collection', collection.name],
              ['back again', `segments ${numbers.join(', ')}`],
              ['gone', replacedBy === null ? 'none' : `segment ${replacedBy}`],
              ['replaced at', retiredAt],
            ]);
          }
        });
      }),
    );
}
