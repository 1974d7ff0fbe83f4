// `vamana flush`: writes what is only in the log and in memory as a segment.
import type { Command } from 'commander';
import { addCollectionOptions, type CollectionVerbOptions, withCollection } from './database-options.js';
import { formatSeconds, printFacts, printJson, rounded } from './output.js';
import { action } from './run.js';

export function register(program: Command): void {
  addCollectionOptions(program.command('flush'))
    .description('write the fresh rows of a collection as a segment')
    .action(
      action<CollectionVerbOptions>(async (options, { json }) => {
        await withCollection(options, async (collection) => {
          const startMs = performance.now();
          const rows = collection.status().freshRows;
          await collection.flush();
          const seconds = rounded((performance.now() - startMs) / 1000, 4);
          const { segments } = collection.status();
          if (json) printJson({ collection: collection.name, rows, seconds, segments });
          else {
            printFacts([
              ['collection', collection.name],
              ['rows', rows],
              ['time', formatSeconds(seconds)],
              ['segments', segments.length],
            ]);
          }
        });
      }),
    );
}
