// `vamana inspect`: what a segment holds, from its headers.
import type { Command } from 'commander';
import { type IndexInfo, inspectIndex } from '../src/index.js';
import { type Fact, formatBytes, formatNumber, printFacts, printJson, rounded, snakeKeys } from './output.js';
import { action } from './run.js';

export function register(program: Command): void {
  program
    .command('inspect')
    .description('what a segment holds')
    .argument('<dir>', 'folder of the index')
    .action(
      action(async (_options, { args: [dir = ''], json }) => {
        const info = await inspectIndex(dir);
        if (json) printJson({ ...(snakeKeys(info) as object), bytes_per_row: rounded(bytesPerRow(info)) });
        else printFacts(inspectFacts(info));
      }),
    );
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
