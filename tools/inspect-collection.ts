// How `inspect` and `collections list` show collections, databases and snapshots.
import type { CollectionInfo, SnapshotList } from '../src/index.js';
import { type Fact, formatBytes, printFacts, printLine, printTable, snakeKeys } from './output.js';
import { configFacts } from './status.js';

export function printCollection(info: CollectionInfo): void {
  printFacts(collectionFacts(info));
  if (info.segments.length === 0) return;
  printLine();
  printTable(info.segments, [
    { title: 'segment', cell: ({ number }) => number },
    { title: 'rows', cell: ({ rows }) => rows },
    { title: 'first row', cell: ({ firstRow }) => firstRow },
    { title: 'last row', cell: ({ lastRow }) => lastRow },
    { title: 'size', cell: ({ bytes }) => formatBytes(bytes), align: 'right' },
    { title: 'level', cell: ({ level }) => level },
    { title: 'made', cell: ({ createdAt }) => createdAt },
  ]);
}

function collectionFacts(info: CollectionInfo): Fact[] {
  const { bytes } = info;
  return [
    ['uuid', info.uuid],
    ['made', info.createdAt],
    ...configFacts(info.config),
    ['manifest', `version ${info.manifestVersion}`],
    ['in segments', `batches up to ${info.flushedSeq}`],
    ['segment rows', info.segmentRows],
    ['segments', formatBytes(bytes.segments)],
    ['log', formatBytes(bytes.log)],
    ['metadata', formatBytes(bytes.metadata)],
  ];
}

/** By name; a name is no key to be written in snake case. */
export function namedJson<T>(byName: Record<string, T>): unknown {
  return Object.fromEntries(Object.entries(byName).map(([name, value]) => [name, snakeKeys(value)]));
}

export function printDatabase(infos: Record<string, CollectionInfo>): void {
  const rows = Object.entries(infos);
  if (rows.length === 0) {
    printLine('no collections');
    return;
  }
  printTable(rows, [
    { title: 'collection', cell: ([name]) => name },
    { title: 'dimension', cell: ([, { config }]) => config.dim },
    { title: 'element', cell: ([, { config }]) => config.element },
    { title: 'metric', cell: ([, { config }]) => config.metric },
    { title: 'segments', cell: ([, { segments }]) => segments.length },
    { title: 'segment rows', cell: ([, { segmentRows }]) => segmentRows },
    { title: 'size', cell: ([, { bytes }]) => formatBytes(bytes.segments), align: 'right' },
    { title: 'log', cell: ([, { bytes }]) => formatBytes(bytes.log), align: 'right' },
  ]);
}

export function snapshotFacts(list: SnapshotList): Fact[] {
  return [
    ['snapshot of', list.name],
    ['uuid', list.uuid],
    ['taken', list.createdAt],
    ['last batch', list.seq],
    ['points', list.points],
    ['files', list.files.length],
    ['size', formatBytes(list.files.reduce((sum, { bytes }) => sum + bytes, 0))],
  ];
}
