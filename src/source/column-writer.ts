// Rows of vectors, ids and payloads as the bytes of a column format: .jsonl, plain or zipped, and .parquet. What is
// written is what column-choice.ts looks for when it is read again: `id`, `vector`, `payload`. Bytes go to the file
// through vector-writer.ts, which calls this.
import { gzipSync } from 'node:zlib';
import { shortFloat, writeExactJson } from '../payload/exact-json.js';
import { ID_COLUMN, PAYLOAD_COLUMN, VECTOR_COLUMN } from './column-choice.js';
import { invalidArgument } from './faults.js';
import type { ColumnFormat, VectorData, VectorElement } from './formats.js';
import { halfToFloat } from './half.js';
import { createParquetEncoder } from './parquet-writer.js';
import type { ColumnEncoder, RowColumns, WrittenColumns } from './vector-writer.js';

export interface ColumnShape {
  dim: number;
  element: VectorElement;
  columns: WrittenColumns;
}

/** UNSUPPORTED when a package is missing. */
export async function createColumnEncoder(
  path: string,
  format: ColumnFormat,
  shape: ColumnShape,
): Promise<ColumnEncoder> {
  const encoder = format === 'parquet' ? await createParquetEncoder(path, shape) : jsonLinesEncoder(path, shape);
  return {
    rows(data, rows, columns) {
      requireColumns(path, shape, rows, columns);
      return encoder.rows(data, rows, columns);
    },
    end: () => encoder.end(),
  };
}

function requireColumns(path: string, { columns }: ColumnShape, rows: number, { ids, payloads }: RowColumns): void {
  for (const [name, wanted, given] of [
    ['ids', columns.ids, ids],
    ['payloads', columns.payloads, payloads],
  ] as const) {
    if (wanted ? given?.length === rows : given === undefined) continue;
    throw invalidArgument(
      `${path}: ${given?.length ?? 'no'} ${name} for ${rows} rows; expected ${wanted ? 'one each' : 'none'}`,
    );
  }
}

/** Zipped piece by piece: files of several gzip members are one to every reader. */
function jsonLinesEncoder(path: string, { dim, element }: ColumnShape): ColumnEncoder {
  const zipped = /\.gz$/i.test(path);
  const number = element === 'f16' ? halfToFloat : element === 'f32' ? shortFloat : (value: number) => value;
  const line = (data: VectorData, row: number, { ids, payloads }: RowColumns): string => {
    const vector = Array.from(data.subarray(row * dim, (row + 1) * dim), number);
    return writeExactJson({
      ...(ids === undefined ? {} : { [ID_COLUMN]: ids[row] }),
      [VECTOR_COLUMN]: vector,
      ...(payloads === undefined ? {} : { [PAYLOAD_COLUMN]: payloads[row] ?? null }),
    });
  };
  return {
    rows(data, rows, columns) {
      const lines = Array.from({ length: rows }, (_, row) => `${line(data, row, columns)}\n`);
      const text = Buffer.from(lines.join(''));
      return zipped ? gzipSync(text) : text;
    },
    end: () => new Uint8Array(0),
  };
}
