// `vamana snapshot`: a consistent copy of a collection in a new folder.
import type { Command } from 'commander';
import type { TakenSnapshot } from '../src/index.js';
import { addCollectionOptions, type CollectionVerbOptions, withCollection } from './database-options.js';
import { formatBytes, formatSeconds, printFacts, printJson, rounded, snakeKeys } from './output.js';
import { createStagedProgress } from './progress.js';
import { action } from './run.js';

interface SnapshotOptions extends CollectionVerbOptions {
  out: string;
}

const UNITS: Readonly<Record<string, string>> = { log: 'batches', metadata: 'points' };

export function register(program: Command): void {
  addCollectionOptions(program.command('snapshot'))
    .description('copy a collection, as it is at one moment, into a new folder')
    .requiredOption('--out <dir>', 'folder to make; must not exist')
    .action(
      action<SnapshotOptions>(async (options, { signal, json }) => {
        const startMs = performance.now();
        const progress = createStagedProgress((stage) => UNITS[stage] ?? 'bytes');
        let taken: TakenSnapshot;
        try {
          taken = await withCollection(options, (collection) => {
            return collection.snapshot(options.out, { signal, onProgress: progress.update });
          });
        } finally {
          progress.end();
        }
        const seconds = rounded((performance.now() - startMs) / 1000, 4);
        if (json) printJson(snakeKeys({ ...taken, pausedMs: rounded(taken.pausedMs), seconds }));
        else print(taken, seconds);
      }),
    );
}

function print(taken: TakenSnapshot, seconds: number): void {
  printFacts([
    ['snapshot', taken.dir],
    ['collection', taken.name],
    ['points', taken.points],
    ['last batch', taken.seq],
    ['files', taken.files],
    ['size', `${formatBytes(taken.bytes)}, of which ${formatBytes(taken.linkedBytes)} are shared with the collection`],
    ['writers waited', formatSeconds(taken.pausedMs / 1000)],
    ['time', formatSeconds(seconds)],
  ]);
}
