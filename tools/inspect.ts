// `vamana inspect`: what a segment, a collection, a database or a snapshot holds, from headers and manifests. Locks
// and changes nothing.
import type { Command } from 'commander';
import {
  folderKind,
  type IndexInfo,
  inspectCollection,
  inspectDatabase,
  inspectIndex,
  readSnapshotList,
  readTuning,
  type Tuning,
} from '../src/index.js';
import { namedJson, printCollection, printDatabase, snapshotFacts } from './inspect-collection.js';
import { type Fact, formatBytes, formatNumber, printFacts, printJson, rounded, snakeKeys } from './output.js';
import { action } from './run.js';

export function register(program: Command): void {
  program
    .command('inspect')
    .description('what a segment, a collection, a database or a snapshot holds')
    .argument('<dir>', 'folder')
    .action(action(async (_options, { args: [dir = ''], json }) => inspect(dir, json)));
}

async function inspect(dir: string, json: boolean): Promise<void> {
  switch (await folderKind(dir)) {
    case 'segment': {
      const [info, found] = await Promise.all([inspectIndex(dir), readTuning(dir)]);
      const tuning = found?.uuid === info.uuid ? found : null;
      const known = { ...(snakeKeys(info) as object), bytes_per_row: rounded(bytesPerRow(info)) };
      if (json) printJson({ ...known, tuning: snakeKeys(tuning) });
      else printFacts([...inspectFacts(info), ...(tuning === null ? [] : tuningFacts(tuning))]);
      return;
    }
    case 'collection': {
      const info = await inspectCollection(dir);
      if (json) printJson(snakeKeys(info));
      else printCollection(info);
      return;
    }
    case 'database': {
      const infos = await inspectDatabase(dir);
      if (json) printJson(namedJson(infos));
      else printDatabase(infos);
      return;
    }
    case 'snapshot': {
      const list = await readSnapshotList(dir);
      if (json) printJson(snakeKeys(list));
      else printFacts(snapshotFacts(list));
    }
  }
}

/** What a row costs in memory: its share of the graph and of the codes. */
export function bytesPerRow({ rows, files }: Pick<IndexInfo, 'rows' | 'files'>): number {
  return (files.graph + files.codes) / rows;
}

export function inspectFacts(info: IndexInfo): Fact[] {
  const { files, recordBytes, recordsPerSlot, pagesPerSlot } = info;
  const pages = pagesPerSlot === 1 ? 'page' : `${pagesPerSlot} pages`;
  return [
    ['uuid', info.uuid],
    ['format version', info.formatVersion],
    ['rows', info.rows],
    ['dimension', info.dim],
    ['element', info.element],
    ['metric', info.metric],
    ['degree', `${formatNumber(info.degreeMean)} mean, ${info.degree} most`],
    ['edges', info.edges],
    ['bits/edge', info.bitsPerEdge],
    ['built with', `list ${info.buildList}, alpha ${formatNumber(info.alpha)}, seed ${info.seed}`],
    ['entry nodes', info.entries.join(', ')],
    ['code', `${info.code}, ${info.codeBytes} bytes a row`],
    ['training error', info.trainingError],
    ['record', `${recordBytes} bytes, ${recordsPerSlot} a ${pages}`],
    ['vectors file', formatBytes(files.vectors)],
    ['graph file', formatBytes(files.graph)],
    ['codes file', formatBytes(files.codes)],
    ['rows file', formatBytes(files.rows)],
    ['memory a row', `${formatNumber(bytesPerRow(info))} bytes`],
  ];
}

export function tuningFacts({ k, listSize, rerank, targetRecall, heldOut }: Tuning): Fact[] {
  const { recall, standardError, queries, reads } = heldOut;
  return [
    ['tuned to', `list size ${listSize}, rerank ${rerank}, for recall@${k} of ${targetRecall}`],
    ['held-out recall', `${recall.toFixed(4)} (standard error ${standardError.toFixed(4)}, ${queries} queries)`],
    ['held-out reads', `${formatNumber(reads)} pages a query`],
  ];
}
