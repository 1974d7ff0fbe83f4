// Columns of an Arrow record batch: lists of numbers as packed rows, other values as JSON has them. The batch is decoded
// by the package apache-arrow, whose arrays are looked at here without going value by value. Called by arrow-reader.ts.
import type { DataType, RecordBatch } from 'apache-arrow';
import { setOwn } from '../payload/payload-path.js';
import type { Payload } from '../payload/point.js';
import { copyNumbers, jsonValue, type NumberArray } from './column-values.js';
import { badVectorRow } from './faults.js';
import type { StoredElement, VectorData } from './formats.js';
import { timeText } from './parquet-columns.js';

export type Arrow = typeof import('apache-arrow');

/** How lists of the type are read; undefined when it holds no numbers. */
export function storedAs({ DataType }: Arrow, type: DataType): StoredElement | undefined {
  if (!isList({ DataType } as Arrow, type)) return undefined;
  const element = (type as unknown as { children: { type: DataType }[] }).children[0]?.type;
  if (DataType.isFloat(element)) return (['f16', 'f32', 'f64'] as const)[element.precision];
  if (!DataType.isInt(element)) return undefined;
  if (element.bitWidth === 8) return element.isSigned ? 'i8' : 'u8';
  return 'f32';
}

/** Elements a row by the type, or by the first row of the batch. */
export function listLength({ DataType }: Arrow, batch: RecordBatch, column: string): number {
  const list = dataOf(batch, column);
  if (DataType.isFixedSizeList(list.type)) return list.type.listSize;
  return Number(list.valueOffsets[1] ?? 0) - Number(list.valueOffsets[0] ?? 0);
}

/** Rows [from, to) of the batch, whose first row is row `firstRow` of the file. BAD_VECTOR_FILE naming the row. */
export function vectorRows(
  arrow: Arrow,
  shape: { path: string; stored: StoredElement; dim: number },
  batch: RecordBatch,
  column: string,
  range: { firstRow: number; from: number; to: number },
): VectorData {
  const { path, dim } = shape;
  const { firstRow, from, to } = range;
  const list = dataOf(batch, column);
  const elements = list.children[0] as ListData;
  for (let row = from; list.nullCount > 0 && row < to; row += 1) {
    if (!list.getValid(row)) throw badVectorRow(path, firstRow + row, 'its vector is null; expected one in every row');
  }
  const start = listStart(arrow, list, shape, range);
  const end = start + (to - from) * dim;
  const { values } = elements;
  if (end > values.length) {
    throw badVectorRow(path, firstRow + from, `its batch has ${values.length} numbers; expected ${end}`);
  }
  for (let at = start; elements.nullCount > 0 && at < end; at += 1) {
    if (elements.getValid(at)) continue;
    const row = firstRow + from + Math.floor((at - start) / dim);
    throw badVectorRow(path, row, `element ${(at - start) % dim} of its vector is null; expected a number`);
  }
  return copyNumbers(shape, (values as Float32Array).subarray(start, end), firstRow + from);
}

/** Where the numbers of row `from` begin; every row up to `to` has as many as the first one of the file. */
function listStart(
  { DataType }: Arrow,
  list: ListData,
  { path, dim }: { path: string; dim: number },
  { firstRow, from, to }: { firstRow: number; from: number; to: number },
): number {
  if (DataType.isFixedSizeList(list.type)) return (list.offset + from) * dim;
  const { valueOffsets } = list;
  const start = Number(valueOffsets[from]);
  for (let row = from; row < to; row += 1) {
    const length = Number(valueOffsets[row + 1]) - Number(valueOffsets[row]);
    if (length === dim) continue;
    const found = `its vector has ${length} elements, while the first row has ${dim}`;
    throw badVectorRow(path, firstRow + row, `${found}; all must have one dimension`);
  }
  return start;
}

function isList({ DataType }: Pick<Arrow, 'DataType'>, type: DataType): boolean {
  return DataType.isFixedSizeList(type) || DataType.isList(type) || DataType.isLargeList(type);
}

/** A value of a column as JSON has it. */
export function arrowValue(arrow: Arrow, type: DataType, value: unknown): unknown {
  const { DataType } = arrow;
  if (value === null || value === undefined) return null;
  const children = (type as { children?: readonly { name: string; type: DataType }[] }).children ?? [];
  if (DataType.isDictionary(type)) return arrowValue(arrow, type.dictionary, value);
  if (DataType.isDate(type)) return new Date(Number(value)).toISOString().slice(0, 10);
  // The package gives milliseconds whatever the unit.
  if (DataType.isTimestamp(type)) return timeText(BigInt(Math.trunc(Number(value))), 1000n);
  if (DataType.isDecimal(type)) return String(value);
  if (DataType.isMap(type)) return jsonValue(Object.fromEntries(value as Iterable<[string, unknown]>));
  if (isList(arrow, type)) {
    const element = children[0]?.type as DataType;
    return Array.from(value as Iterable<unknown>, (inner) => arrowValue(arrow, element, inner));
  }
  if (!DataType.isStruct(type)) return jsonValue(value);
  const object: Payload = {};
  const members = value as unknown as Record<string, unknown>;
  for (const { name, type: member } of children) setOwn(object, name, arrowValue(arrow, member, members[name]));
  return object;
}

/** What of the package's Data is looked at. */
interface ListData {
  type: DataType;
  offset: number;
  nullCount: number;
  valueOffsets: Int32Array | BigInt64Array;
  values: NumberArray;
  children: ListData[];
  getValid(row: number): boolean;
}

function dataOf(batch: RecordBatch, column: string): ListData {
  return batch.getChild(column)?.data[0] as unknown as ListData;
}
