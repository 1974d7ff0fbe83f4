// `vamana collections list|create|drop`: the collections of a database.
import type { Command } from 'commander';
import { inspectDatabase } from '../src/index.js';
import { addCreateOptions, type CreateOptions, createOptions } from './create-options.js';
import {
  addCollectionOptions,
  addDatabaseOptions,
  type CollectionVerbOptions,
  type DatabaseOptions,
  withDatabase,
} from './database-options.js';
import { namedJson, printDatabase } from './inspect-collection.js';
import { positiveInteger } from './options.js';
import { printFacts, printJson, snakeKeys } from './output.js';
import { action } from './run.js';
import { configFacts } from './status.js';

export function register(program: Command): void {
  const collections = program.command('collections').description('list, make and drop collections');
  addDatabaseOptions(collections.command('list'))
    .description('the collections of a database, from their manifests')
    .action(
      action<DatabaseOptions>(async ({ dataDir }, { json }) => {
        const infos = await inspectDatabase(dataDir);
        if (json) printJson(namedJson(infos));
        else printDatabase(infos);
      }),
    );
  addCreateOptions(addCollectionOptions(collections.command('create')))
    .description('make an empty collection')
    .requiredOption('--dim <n>', 'elements a vector', positiveInteger)
    .action(
      action<CollectionVerbOptions & CreateOptions & { dim: number }>(async (options, { json }) => {
        const { collection: name, dim } = options;
        await withDatabase(
          options,
          async (database) => {
            const { config } = await database.createCollection(name, { ...createOptions(options), dim });
            if (json) printJson(snakeKeys({ collection: name, config }));
            else printFacts([['collection', name], ...configFacts(config)]);
          },
          { create: true },
        );
      }),
    );
  addCollectionOptions(collections.command('drop'))
    .description('remove a collection with all that it holds')
    .action(
      action<CollectionVerbOptions>(async (options, { json }) => {
        await withDatabase(options, (database) => database.dropCollection(options.collection));
        if (json) printJson({ collection: options.collection, dropped: true });
        else printFacts([['dropped', options.collection]]);
      }),
    );
}
