// `vamana restore`: a collection from a snapshot, which is verified before anything is made or replaced.
import type { Command } from 'commander';
import { addCollectionOptions, type CollectionVerbOptions, withDatabase } from './database-options.js';
import { formatSeconds, printFacts, printJson, rounded } from './output.js';
import { createStagedProgress } from './progress.js';
import { action } from './run.js';

interface RestoreVerbOptions extends CollectionVerbOptions {
  from: string;
  replace?: true;
}

export function register(program: Command): void {
  addCollectionOptions(program.command('restore'))
    .description('make a collection of a snapshot')
    .requiredOption('--from <dir>', 'folder of the snapshot')
    .option('--replace', 'in the place of the collection of that name')
    .action(
      action<RestoreVerbOptions>(async (options, { signal, json }) => {
        const startMs = performance.now();
        const progress = createStagedProgress('bytes');
        try {
          await withDatabase(
            options,
            async (database) => {
              const { collection: name, from, replace = false } = options;
              const onProgress = progress.update;
              const collection = await database.restoreCollection(name, from, { replace, signal, onProgress });
              progress.end();
              const seconds = rounded((performance.now() - startMs) / 1000, 4);
              const { points, seq } = collection.status();
              if (json) printJson({ collection: name, from, points, seq, seconds });
              else {
                printFacts([
                  ['collection', name],
                  ['points', points],
                  ['last batch', seq],
                  ['time', formatSeconds(seconds)],
                ]);
              }
            },
            { create: true },
          );
        } finally {
          progress.end();
        }
      }),
    );
}
