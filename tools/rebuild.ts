// `vamana rebuild`: a new graph and new codes for all segments of a collection, of other parameters where that is asked for.
import type { Command } from 'commander';
import type { RebuildOptions } from '../src/index.js';
import { runJob } from './job-run.js';
import { choice, number, positiveInteger } from './options.js';
import { snakeKeys } from './output.js';
import { addPlaceOptions, type PlaceOptions, withPlace } from './place-options.js';
import { runRemoteJob } from './remote-job.js';
import { action } from './run.js';

type Options = PlaceOptions &
  Pick<RebuildOptions, 'degree' | 'buildList' | 'alpha' | 'code' | 'codeBytes'> & {
    force?: true;
  };

export function register(program: Command): void {
  addPlaceOptions(program.command('rebuild'))
    .description('build the graph and the codes of a collection anew; it is searched and written meanwhile')
    .option('--degree <n>', 'neighbours a node; as the collection was made by default, as the others', positiveInteger)
    .option('--build-list <n>', 'width of the beam while building', positiveInteger)
    .option('--alpha <x>', 'how much farther a detour may be', number(1))
    .option('--code <pq|rabitq|auto>', 'codes', choice(['pq', 'rabitq', 'auto']))
    .option('--code-bytes <n>', 'bytes of a code', positiveInteger)
    .option('--force', 'exchange segments though the new one did not pass the gates')
    .action(
      action<Options>(
        async ({ force = false, degree, buildList, alpha, code, codeBytes, ...options }, { json, signal }) => {
          const given = Object.entries({ degree, buildList, alpha, code, codeBytes }).filter(
            ([, value]) => value !== undefined,
          );
          const parameters = Object.fromEntries(given);
          await withPlace(options, signal, {
            local: (collection) =>
              runJob(collection, (job) => collection.rebuild({ ...job, ...parameters }), { json, signal, force }),
            remote: (place) =>
              runRemoteJob(place, 'rebuild', { force, ...(snakeKeys(parameters) as object) }, { json, signal }),
          });
        },
      ),
    );
}
