// `vamana head F`: what a vector file is and its first rows, without reading the rest.
import type { Command } from 'commander';
import { halvesToFloats } from '../src/source/half.js';
import { openVectorSource, readRows, type VectorSource } from '../src/source/vector-source.js';
import { integer, positiveInteger } from './options.js';
import { type Column, formatBytes, printFacts, printJson, printLine, printTable } from './output.js';
import { action } from './run.js';

interface HeadOptions {
  rows: number;
  columns: number;
  format?: string;
}

export function register(program: Command): void {
  program
    .command('head')
    .description('shape, element type, size and first rows of a vector file')
    .argument('<file>', 'vector file')
    .option('--rows <n>', 'rows to show', integer(0), 5)
    .option('--columns <n>', 'columns of them to show', positiveInteger, 8)
    .option('--format <name>', 'format of the file, when its extension does not say')
    .action(
      action<HeadOptions>(async (options, { args: [path = ''], json }) => {
        const source = await openVectorSource(path, options);
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

async function firstRows(source: VectorSource, rows: number, columns: number): Promise<number[][]> {
  const count = Math.min(rows, source.rows);
  const data = await readRows(source, 0, count);
  const values = source.element === 'f16' ? halvesToFloats(data as Uint16Array) : data;
  return Array.from({ length: count }, (_, row) =>
    Array.from(values.subarray(row * source.dim, row * source.dim + Math.min(columns, source.dim))),
  );
}

function jsonOf(source: VectorSource, first: number[][]): unknown {
  const { path, format, rows, dim, element, stored, fileBytes } = source;
  return { path, format, rows, dim, element, stored, file_bytes: fileBytes, first_rows: first };
}

function print(source: VectorSource, first: number[][]): void {
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
  const shown = first[0]?.length ?? 0;
  const columns: Column<[number, number[]]>[] = [{ title: 'row', cell: ([row]) => row }];
  for (let at = 0; at < shown; at += 1) columns.push({ title: String(at), cell: ([, values]) => values[at] });
  if (shown < dim) columns.push({ title: `${dim - shown} more`, cell: () => '...' });
  printTable([...first.entries()], columns);
}
