// `vamana rollback`: puts back the segments that a merge or a rebuild replaced; what was written since stays.
import type { Command } from 'commander';
import type { RetiredGeneration } from '../src/manifest/manifest.js';
import { positiveInteger } from './options.js';
import { printFacts, printJson, snakeKeys } from './output.js';
import { addPlaceOptions, ownPath, type PlaceOptions, withPlace } from './place-options.js';
import { action } from './run.js';

interface RollbackOptions extends PlaceOptions {
  segment?: number;
}

export function register(program: Command): void {
  addPlaceOptions(program.command('rollback'))
    .description('take the last merge or rebuild of a collection back')
    .option('--segment <n>', 'the one that made this segment; the last one by default', positiveInteger)
    .action(
      action<RollbackOptions>(async ({ segment, ...options }, { json, signal }) => {
        const body = segment === undefined ? {} : { segment };
        const { replacedBy, retiredAt, segments } = await withPlace(options, signal, {
          local: (collection) => collection.rollback(segment),
          remote: async ({ server, name }) =>
            (await server.call('POST', ownPath(name, 'rollback'), body)) as RetiredGeneration,
        });
        const numbers = segments.map(({ number }) => number);
        if (json) printJson(snakeKeys({ collection: options.collection, replacedBy, retiredAt, segments: numbers }));
        else {
          printFacts([
            ['collection', options.collection],
            ['back again', `segments ${numbers.join(', ')}`],
            ['gone', replacedBy === null ? 'none' : `segment ${replacedBy}`],
            ['replaced at', retiredAt],
          ]);
        }
      }),
    );
}
