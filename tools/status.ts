// `vamana status`: what a collection holds and how it does. Opens it, which replays its log.
import type { Command } from 'commander';
import type { Collection, CollectionStatus } from '../src/index.js';
import { addCollectionOptions, type CollectionVerbOptions, withCollection } from './database-options.js';
import { type Fact, formatBytes, formatNumber, printFacts, printJson, snakeKeys } from './output.js';
import { action } from './run.js';

export function register(program: Command): void {
  addCollectionOptions(program.command('status'))
    .description('what a collection holds: points, segments, fresh rows, log, memory')
    .action(
      action<CollectionVerbOptions>(async (options, { json }) => {
        await withCollection(options, async (collection) => {
          const status = collection.status();
          const { name, config, recovered } = collection;
          if (json) printJson(snakeKeys({ collection: name, config, ...status, recovered }));
          else printFacts([['collection', name], ...configFacts(config), ...statusFacts(status)]);
        });
      }),
    );
}

export function configFacts(config: Collection['config']): Fact[] {
  const { dim, element, metric, degree, buildList, alpha, code, codeBytes, stringIds } = config;
  return [
    ['vectors', `${dim} x ${element}, ${metric}`],
    ['built with', `degree ${degree}, list ${buildList}, alpha ${formatNumber(alpha)}`],
    ['code', `${code}, up to ${codeBytes} bytes a row`],
    ['ids', stringIds ? 'numbers, UUIDs, strings' : 'numbers, UUIDs'],
  ];
}

function lifecycleText({ state, reason, tombstones, retired }: CollectionStatus['lifecycle']): string {
  const dead = `${(100 * tombstones).toFixed(1)}% of the rows dead`;
  const kept = retired.length === 0 ? '' : `, ${retired.length} replaced kept for a rollback`;
  return `${state}${reason === null ? '' : ` (${reason})`}, ${dead}${kept}`;
}

export function statusFacts(status: CollectionStatus): Fact[] {
  const { segments, wal, memory } = status;
  const rows = segments.reduce((sum, segment) => sum + segment.rows, 0);
  const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  return [
    ['points', status.points],
    ['last batch', status.seq],
    ['segments', `${segments.length}, ${formatNumber(rows)} rows, ${formatBytes(bytes)}`],
    ['lifecycle', lifecycleText(status.lifecycle)],
    ...(status.lifecycle.alarm === null ? [] : [['alarm', status.lifecycle.alarm] as const]),
    ['fresh rows', `${formatNumber(status.freshRows)}, ${formatNumber(status.unlinkedRows)} not linked yet`],
    ['log', `${formatBytes(wal.bytes)} in ${wal.segments} ${wal.segments === 1 ? 'file' : 'files'}`],
    ['metadata', formatBytes(status.metaBytes)],
    ['memory', formatBytes(memory.graph + memory.codes + memory.deltas + memory.cache)],
    ...(status.flushError === null ? [] : [['flush failed', status.flushError] as const]),
    ...(status.writeError === null ? [] : [['writes refused', status.writeError] as const]),
  ];
}
