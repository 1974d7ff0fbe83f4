// `vamana compact`: merges all segments of a collection into one, which keeps the graph of the largest.
import type { Command } from 'commander';
import { runJob } from './job-run.js';
import { addPlaceOptions, type PlaceOptions, withPlace } from './place-options.js';
import { runRemoteJob } from './remote-job.js';
import { action } from './run.js';

interface CompactOptions extends PlaceOptions {
  force?: true;
}

export function register(program: Command): void {
  addPlaceOptions(program.command('compact'))
    .description('merge the segments of a collection into one, without the rows that died')
    .option('--force', 'exchange segments though the new one did not pass the gates')
    .action(
      action<CompactOptions>(async ({ force = false, ...options }, { json, signal }) => {
        await withPlace(options, signal, {
          local: (collection) => runJob(collection, (job) => collection.compact(job), { json, signal, force }),
          remote: (place) => runRemoteJob(place, 'compact', { force }, { json, signal }),
        });
      }),
    );
}
