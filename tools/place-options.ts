// Where the collection of a verb is: in a folder, which the verb then opens itself, or at a running service
// (`--url http://HOST:PORT`), which it then asks. The one or the other.
import type { Command } from 'commander';
import type { Collection } from '../src/index.js';
import { withCollection } from './database-options.js';
import { RemoteServer } from './remote-server.js';
import { UsageError } from './run.js';

export interface PlaceOptions {
  collection: string;
  dataDir?: string;
  url?: string;
  apiKey?: string;
}

/** A collection of a service. */
export interface RemotePlace {
  server: RemoteServer;
  name: string;
}

export interface PlaceWork<T> {
  local: (collection: Collection) => Promise<T>;
  remote: (place: RemotePlace) => Promise<T>;
}

export function addPlaceOptions(command: Command): Command {
  return command
    .option('--data-dir <dir>', 'folder of the database')
    .option('--url <url>', 'of a running service, instead of the folder: http://HOST:PORT')
    .option('--api-key <key>', 'of the service')
    .requiredOption('--collection <name>', 'collection');
}

/** USAGE unless there is one place. */
export async function withPlace<T>(
  { collection, dataDir, url, apiKey }: PlaceOptions,
  signal: AbortSignal,
  { local, remote }: PlaceWork<T>,
): Promise<T> {
  if (dataDir !== undefined && url === undefined) return withCollection({ dataDir, collection }, local);
  if (url === undefined || dataDir !== undefined) throw new UsageError('expected one of --data-dir and --url');
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new UsageError(`--url ${url}: expected http://HOST:PORT`);
  }
  const server = new RemoteServer(url, { signal, ...(apiKey === undefined ? {} : { apiKey }) });
  return remote({ server, name: collection });
}

/** Of our own routes of a collection. */
export function ownPath(name: string, end: string): string {
  return `/vamana/collections/${encodeURIComponent(name)}/${end}`;
}
