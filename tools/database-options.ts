// What the verbs that work on collections share: --data-dir and --collection, the opening of a database with the
// progress of its recovery, and its closing whatever happens.
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { VamanaError } from '../src/errors.js';
import { type Collection, type Database, type OpenOptions, open, type PointId } from '../src/index.js';
import { createStagedProgress } from './progress.js';

const REPLAY = 'replaying the log';

export interface DatabaseOptions {
  dataDir: string;
}

export interface CollectionVerbOptions extends DatabaseOptions {
  collection: string;
}

export function addDatabaseOptions(command: Command): Command {
  return command.requiredOption('--data-dir <dir>', 'folder of the database');
}

export function addCollectionOptions(command: Command): Command {
  return addDatabaseOptions(command).requiredOption('--collection <name>', 'collection');
}

/** `create`: make the folder when it is missing; otherwise that is NOT_FOUND. */
export async function withDatabase<T>(
  { dataDir }: DatabaseOptions,
  work: (database: Database) => Promise<T>,
  { create = false, ...options }: OpenOptions & { create?: boolean } = {},
): Promise<T> {
  if (!create && !existsSync(dataDir)) {
    throw new VamanaError('NOT_FOUND', `there is no folder ${dataDir}; expected that of a database`);
  }
  const progress = createStagedProgress((stage) => (stage === REPLAY ? 'batches' : 'segments'));
  const database = await open(dataDir, {
    ...options,
    onRecovery: (_collection, { stage, done, total }) => {
      progress.update({ stage: stage === 'replay' ? REPLAY : 'opening', done, total: total ?? 0 });
    },
  });
  try {
    return await work(database);
  } finally {
    progress.end();
    await database.close();
  }
}

export function withCollection<T>(
  options: CollectionVerbOptions,
  work: (collection: Collection, database: Database) => Promise<T>,
  openOptions: OpenOptions = {},
): Promise<T> {
  return withDatabase(
    options,
    async (database) => work(await database.collection(options.collection), database),
    openOptions,
  );
}

/** As JSON has it: a number where that is exact, else a string of digits. */
export function idJson(id: PointId): number | string {
  return typeof id === 'bigint' && id <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(id) : id.toString();
}
