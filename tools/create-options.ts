// The options that a collection is made with, for the verbs that make one. Without defaults: what is not given is the
// library's, and what is given must be so when the collection stands already.
import type { Command } from 'commander';
import { VamanaError } from '../src/errors.js';
import type { CollectionConfig, CollectionOptions, Metric, VectorElement } from '../src/index.js';
import { choice, number, positiveInteger } from './options.js';

const METRICS = ['l2', 'cosine', 'dot', 'l1'] as const satisfies readonly Metric[];
const ELEMENTS = ['f32', 'f16', 'u8', 'i8'] as const satisfies readonly VectorElement[];
const CODES = ['pq', 'rabitq', 'auto'] as const;

export type CreateOptions = Partial<Omit<CollectionOptions, 'dim'>>;

export function addCreateOptions(command: Command): Command {
  return command
    .option('--metric <name>', `distance: ${METRICS.join(', ')} (l2)`, choice(METRICS))
    .option('--element <type>', `how vectors are held: ${ELEMENTS.join(', ')}`, choice(ELEMENTS))
    .option('--degree <n>', 'most neighbours a row (24)', positiveInteger)
    .option('--build-list <n>', 'width of the beam while building (100)', positiveInteger)
    .option('--alpha <x>', 'how much longer a detour may be before an edge is kept (1.2)', number(1))
    .option('--code <name>', `short code kept in memory: ${CODES.join(', ')} (auto)`, choice(CODES))
    .option('--code-bytes <n>', 'bytes of the code a row (68)', positiveInteger)
    .option('--string-ids', 'take any string as an id, besides whole numbers and UUIDs');
}

const NAMES = ['metric', 'element', 'degree', 'buildList', 'alpha', 'code', 'codeBytes', 'stringIds'] as const;

/** Of all options of a verb those that make a collection, as far as they were given. */
export function createOptions(options: CreateOptions): CreateOptions {
  return Object.fromEntries(NAMES.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]));
}

/** INVALID_ARGUMENT for an option that was given and that the collection was made without. */
export function requireSameOptions(collection: string, config: CollectionConfig, options: CreateOptions): void {
  for (const name of NAMES) {
    if (options[name] === undefined || options[name] === config[name]) continue;
    const flag = `--${name.replace(/[A-Z]/g, (char) => `-${char.toLowerCase()}`)}`;
    throw new VamanaError(
      'INVALID_ARGUMENT',
      `${flag} ${options[name]}: collection ${collection} stands and was made with ${config[name]}; leave it out`,
    );
  }
}
