// `vamana status`: what a collection holds and how it does. In a folder it is opened for that, which replays its log.
import type { Command } from 'commander';
import { type Space, spacesOf } from '../src/config/spaces.js';
import type { Collection, CollectionStatus } from '../src/index.js';
import { type Fact, formatBytes, formatNumber, printFacts, printJson, snakeKeys } from './output.js';
import { addPlaceOptions, ownPath, type PlaceOptions, withPlace } from './place-options.js';
import { action } from './run.js';

/** What was recovered is known to who opened it only. */
type Status = Pick<Collection, 'config'> & Partial<Pick<Collection, 'recovered'>> & CollectionStatus;

export function register(program: Command): void {
  addPlaceOptions(program.command('status'))
    .description('what a collection holds: points, segments, fresh rows, log, memory')
    .action(
      action<PlaceOptions>(async (options, { json, signal }) => {
        const status = await withPlace(options, signal, {
          local: async (collection): Promise<Status> => {
            const { config, recovered } = collection;
            return { config, ...collection.status(), recovered };
          },
          remote: async ({ server, name }) => (await server.call('GET', ownPath(name, 'status'))) as Status,
        });
        const { collection } = options;
        if (json) printJson(snakeKeys({ collection, ...status }));
        else printFacts([['collection', collection], ...configFacts(status.config), ...statusFacts(status)]);
      }),
    );
}

export function configFacts(config: Collection['config']): Fact[] {
  const ids: Fact = ['ids', config.stringIds ? 'numbers, UUIDs, strings' : 'numbers, UUIDs'];
  return [...spacesOf(config).flatMap(spaceFacts), ids];
}

/** Where vectors have names each fact says of which it is. */
function spaceFacts({ name, dim, element, metric, degree, buildList, alpha, code, codeBytes, model }: Space): Fact[] {
  const of = name === '' ? '' : ` of ${name}`;
  return [
    [`vectors${of}`, `${dim} x ${element}, ${metric}${model === undefined ? '' : `, model ${model}`}`],
    [`built with${of}`, `degree ${degree}, list ${buildList}, alpha ${formatNumber(alpha)}`],
    [`code${of}`, `${code}, up to ${codeBytes} bytes a row`],
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
    ...(status.spaces ?? []).map(({ name, segments: own, segmentRows, freshRows, isDefault }): Fact => {
      const rowsOf = `${formatNumber(segmentRows)} rows in ${own.length} segments, ${formatNumber(freshRows)} fresh`;
      return [`space ${name}`, isDefault ? `${rowsOf}, the default` : rowsOf];
    }),
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
