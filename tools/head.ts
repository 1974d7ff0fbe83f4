// `vamana head F`: what a vector file is and its first rows, without reading the rest (but of .jsonl, whose lines must be
// counted). Ids and payloads are shown where the file has them.
import type { Command } from 'commander';
import type { Payload } from '../src/index.js';
import { halvesToFloats } from '../src/source/half.js';
import { openVectorSource, type VectorSource } from '../src/source/vector-source.js';
import { addColumnOption, type ColumnOptions } from './column-options.js';
import { idJson } from './database-options.js';
import { integer, positiveInteger } from './options.js';
import { type Column, formatBytes, printFacts, printJson, printLine, printTable, shortJson } from './output.js';
import { action } from './run.js';

interface HeadOptions extends ColumnOptions {
  rows: number;
  columns: number;
}

export function register(program: Command): void {
  const command = program
    .command('head')
    .description('shape, element type, size and first rows of a vector file')
    .argument('<file>', 'vector file')
    .option('--rows <n>', 'rows to show', integer(0), 5)
    .option('--columns <n>', 'columns of them to show', positiveInteger, 8);
  addColumnOption(command, 'the file').action(
    action<HeadOptions>(async (options, { args: [path = ''], json }) => {
      const source = await openVectorSource(path, { ...options, ids: true, payload: true });
      try {
        const first = await firstRows(source, options.rows, options.columns);
        if (json) printJson(jsonOf(source, first));
        else print(source, first);
      } finally {
        source.close();
      }
    }),
  );
}

interface FirstRow {
  values: number[];
  id?: string | number;
  payload?: Payload | null;
}

async function firstRows(source: VectorSource, rows: number, columns: number): Promise<FirstRow[]> {
  const found: FirstRow[] = [];
  for await (const { data, ids, payloads } of source.windows({ rows: Math.min(rows, source.rows) })) {
    const values = source.element === 'f16' ? halvesToFloats(data as Uint16Array) : data;
    for (let at = 0; at < values.length; at += source.dim) {
      const row = at / source.dim;
      const id = ids?.[row];
      found.push({
        values: Array.from(values.subarray(at, at + Math.min(columns, source.dim))),
        ...(id === undefined ? {} : { id: typeof id === 'number' ? id : idJson(id) }),
        ...(payloads === undefined ? {} : { payload: payloads[row] ?? null }),
      });
    }
  }
  return found;
}

function jsonOf(source: VectorSource, first: readonly FirstRow[]): unknown {
  const { path, format, rows, dim, element, stored, fileBytes, columns } = source;
  return {
    path,
    format,
    rows,
    dim,
    element,
    stored,
    file_bytes: fileBytes,
    first_rows: first.map(({ values }) => values),
    ...(columns.ids ? { first_ids: first.map(({ id }) => id) } : {}),
    ...(columns.payloads ? { first_payloads: first.map(({ payload }) => payload) } : {}),
  };
}

function print(source: VectorSource, first: readonly FirstRow[]): void {
  const { format, rows, dim, element, stored, fileBytes } = source;
  printFacts([
    ['file', source.path],
    ['format', format],
    ['rows', rows],
    ['dimension', dim],
    ['element', stored === element ? element : `${stored}, read as ${element}`],
    ['size', formatBytes(fileBytes)],
  ]);
  if (first.length === 0) return;
  printLine();
  const shown = first[0]?.values.length ?? 0;
  const columns: Column<[number, FirstRow]>[] = [{ title: 'row', cell: ([row]) => row }];
  if (source.columns.ids) columns.push({ title: 'id', cell: ([, { id }]) => String(id), align: 'right' });
  for (let at = 0; at < shown; at += 1) columns.push({ title: String(at), cell: ([, { values }]) => values[at] });
  if (shown < dim) columns.push({ title: `${dim - shown} more`, cell: () => '...' });
  if (source.columns.payloads) columns.push({ title: 'payload', cell: ([, { payload }]) => shortJson(payload) });
  printTable([...first.entries()], columns);
}
