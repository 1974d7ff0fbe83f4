// `vamana compact`: merges all segments of a collection into one, which keeps the graph of the largest.
import type { Command } from 'commander';
import { addCollectionOptions, type CollectionVerbOptions, withCollection } from './database-options.js';
import { runJob } from './job-run.js';
import { action } from './run.js';

interface CompactOptions extends CollectionVerbOptions {
  force?: true;
}

export function register(program: Command): void {
  addCollectionOptions(program.command('compact'))
    .description('merge the segments of a collection into one, without the rows that died')
    .option('--force', 'exchange segments though the new one did not pass the gates')
    .action(
      action<CompactOptions>(async ({ force = false, ...options }, { json, signal }) => {
        await withCollection(options, (collection) =>
          runJob(collection, (job) => collection.compact(job), { json, signal, force }),
        );
      }),
    );
}
