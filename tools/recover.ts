// `vamana recover`: opens a collection and tells what its log came to; with --salvage, brings one back whose log is
// damaged in the middle, and tells what was lost.
import type { Command } from 'commander';
import { VamanaError } from '../src/errors.js';
import type { Collection, CollectionSalvage } from '../src/index.js';
import { addCollectionOptions, type CollectionVerbOptions, idJson, withDatabase } from './database-options.js';
import { type Fact, formatBytes, formatNumber, printFacts, printJson, snakeKeys } from './output.js';
import { action } from './run.js';

interface RecoverOptions extends CollectionVerbOptions {
  salvage?: true;
}

export function register(program: Command): void {
  addCollectionOptions(program.command('recover'))
    .description('open a collection after a crash, and tell what was found')
    .option('--salvage', 'where the log is damaged in the middle: keep the damaged files aside, lose what they lost')
    .action(
      action<RecoverOptions>(async (options, { json }) => {
        await withDatabase(options, async (database) => {
          const { collection: name } = options;
          const salvage = options.salvage === true ? await database.salvageCollection(name) : null;
          const collection = await database.collection(name).catch((error) => {
            throw salvage === null ? withAdvice(error) : error;
          });
          if (json) printJson(documentOf(collection, salvage));
          else printFacts([...recoveredFacts(collection), ...(salvage === null ? [] : salvageFacts(salvage))]);
        });
      }),
    );
}

function documentOf(collection: Collection, salvage: CollectionSalvage | null): unknown {
  const { points, seq } = collection.status();
  const { records, cutBytes } = collection.recovered;
  const found = salvage === null ? null : { ...salvage, lostPoints: salvage.lostPoints.map(idJson) };
  return {
    collection: collection.name,
    points,
    seq,
    replayed: records,
    cut_bytes: cutBytes,
    salvage: snakeKeys(found),
  };
}

function recoveredFacts(collection: Collection): Fact[] {
  const { points, seq } = collection.status();
  const { records, cutBytes } = collection.recovered;
  return [
    ['collection', collection.name],
    ['points', points],
    ['last batch', seq],
    ['replayed', `${formatNumber(records)} batches`],
    [
      'torn end of the log',
      cutBytes === 0 ? 'none' : `${formatBytes(cutBytes)} cut off, never acknowledged as durable`,
    ],
  ];
}

function salvageFacts({ problem, keptIn, log, lostPoints, droppedChanges }: CollectionSalvage): Fact[] {
  if (problem === null || log === null) return [['salvage', 'the log can be read to its end; nothing was done']];
  return [
    ['damage', problem],
    ['kept in', keptIn],
    ['batches saved', log.records],
    ...log.lost.map(({ path, from, to, problem: why }): Fact => ['  lost', `${path}: bytes ${from} to ${to}: ${why}`]),
    ...log.gaps.map(({ firstSeq, lastSeq }): Fact => ['  lost', batches(firstSeq, lastSeq)]),
    ['points lost', lostPoints.length],
    ...lostPoints.slice(0, POINTS_SHOWN).map((id): Fact => ['  lost', `point ${id}`]),
    ...(lostPoints.length > POINTS_SHOWN
      ? [['  lost', `${formatNumber(lostPoints.length - POINTS_SHOWN)} more points; --json names all`] as const]
      : []),
    ['changes left out', droppedChanges],
  ];
}

const POINTS_SHOWN = 20;

function batches(first: number, last: number): string {
  return first === last ? `batch ${first}` : `batches ${first} to ${last}`;
}

function withAdvice(error: unknown): unknown {
  if (!(error instanceof VamanaError) || error.code !== 'CORRUPT' || !/[/]wal\b/.test(error.message)) return error;
  return new VamanaError('CORRUPT', `${error.message}; or: vamana recover --salvage`, { cause: error });
}
