// The vectors of a Parquet file: which columns can hold them, and the rows of one, put together from its pages. A row
// that is null, empty, of another length or has a null in it is told by its number. Called by parquet-reader.ts.
import type { ColumnMetaData, FileMetaData, SchemaElement, SchemaTree } from 'hyparquet';
import type { Decompress } from './codecs.js';
import { copyNumbers } from './column-values.js';
import { badVectorFile, badVectorRow } from './faults.js';
import type { StoredElement, VectorData } from './formats.js';
import type { MappedFile } from './mapped-file.js';
import { type NumberLeaf, type NumberPage, type ParquetTools, readPages } from './parquet-pages.js';
import type { PageValues } from './parquet-values.js';

export interface VectorColumn extends NumberLeaf {
  /** The top-level column. */
  name: string;
  /** Of the leaf, dotted, as chunks name it. */
  path: string;
  stored: StoredElement;
}

/** Every leaf of the schema by its dotted path, with the levels above it. */
export function leavesOf(root: SchemaTree): Map<string, NumberLeaf> {
  const leaves = new Map<string, NumberLeaf>();
  const visit = (node: SchemaTree, repetitionMax: number, definitionMax: number): void => {
    const repetition = node.element.repetition_type ?? 'REQUIRED';
    const levels = {
      repetitionMax: repetitionMax + Number(repetition === 'REPEATED'),
      definitionMax: definitionMax + Number(repetition !== 'REQUIRED'),
    };
    if (node.children.length === 0) leaves.set(node.path.join('.'), { element: node.element, ...levels });
    for (const child of node.children) visit(child, levels.repetitionMax, levels.definitionMax);
  };
  for (const top of root.children) visit(top, 0, 0);
  return leaves;
}

/** The top-level columns that are lists of numbers, one level deep. */
export function vectorColumns(root: SchemaTree, leaves: ReadonlyMap<string, NumberLeaf>): VectorColumn[] {
  return root.children.flatMap((top) => {
    let node = top;
    while (node.children.length === 1) node = node.children[0] as SchemaTree;
    const path = node.path.join('.');
    const leaf = leaves.get(path);
    const stored = leaf === undefined ? undefined : storedAs(leaf.element);
    if (leaf?.repetitionMax !== 1 || stored === undefined) return [];
    return [{ ...leaf, name: top.element.name, path, stored }];
  });
}

/** How numbers of a leaf are read; whole numbers wider than a byte as f32, where they must be exact. */
function storedAs({ type, converted_type, logical_type, type_length }: SchemaElement): StoredElement | undefined {
  if (type === 'FLOAT') return 'f32';
  if (type === 'DOUBLE') return 'f64';
  if (type === 'FIXED_LEN_BYTE_ARRAY') return logical_type?.type === 'FLOAT16' && type_length === 2 ? 'f16' : undefined;
  if (type !== 'INT32' && type !== 'INT64') return undefined;
  if (logical_type !== undefined && logical_type.type !== 'INTEGER') return undefined;
  if (converted_type !== undefined && !/^U?INT_/.test(converted_type)) return undefined;
  if (logical_type?.type === 'INTEGER' && logical_type.bitWidth === 8) return logical_type.isSigned ? 'i8' : 'u8';
  if (converted_type === 'UINT_8') return 'u8';
  return converted_type === 'INT_8' ? 'i8' : 'f32';
}

export class ParquetVectors {
  constructor(
    private readonly file: MappedFile,
    private readonly metadata: FileMetaData,
    readonly column: VectorColumn,
    /** By the codec's name; loaded for every codec of the column. */
    private readonly codecs: ReadonlyMap<string, Decompress>,
    private readonly tools: ParquetTools,
  ) {}

  /** Elements of the first row. */
  firstLength(): number {
    let length = 0;
    for (const [group, { num_rows }] of this.metadata.row_groups.entries()) {
      if (Number(num_rows) === 0) continue;
      for (const page of this.pages(group)) {
        const next = page.repetition?.indexOf(0, length === 0 ? 1 : 0) ?? -1;
        this.requirePresent(page, next === -1 ? page.count : next, 0, length);
        if (next !== -1) return length + next;
        length += page.count;
      }
      break;
    }
    return length;
  }

  /** Rows of a row group, in order, page by page. `firstRow`: of the group. */
  *rows(group: number, firstRow: number, dim: number): Generator<{ rows: number; data: VectorData }, void> {
    const { path } = this.file;
    const rows = Number(this.metadata.row_groups[group]?.num_rows ?? 0);
    let position = 0;
    let rest: PageValues | undefined;
    for (const page of this.pages(group)) {
      this.requirePresent(page, page.count, firstRow, position, dim);
      this.requireStarts(page, firstRow, position, dim);
      position += page.count;
      const values = rest === undefined || rest.length === 0 ? page.values : concatenate(rest, page.values);
      const whole = Math.floor(values.length / dim);
      const first = firstRow + Math.floor(position / dim) - whole;
      rest = values.subarray(whole * dim) as PageValues;
      if (whole === 0) continue;
      const data = copyNumbers({ path, stored: this.column.stored, dim }, values.subarray(0, whole * dim), first);
      yield { rows: whole, data };
    }
    if (position === rows * dim) return;
    const row = firstRow + Math.min(rows, Math.floor(position / dim));
    throw badVectorRow(path, row, `its row group has ${position} elements; expected ${rows} rows of ${dim}`);
  }

  private pages(group: number): Generator<NumberPage, void> {
    const chunk = this.chunk(group);
    const decompress = this.codecs.get(chunk.codec) as Decompress;
    return readPages(this.file, chunk, this.column, decompress, this.tools);
  }

  private chunk(group: number): ColumnMetaData {
    const columns = this.metadata.row_groups[group]?.columns ?? [];
    const found = columns.find(({ meta_data }) => meta_data?.path_in_schema.join('.') === this.column.path);
    if (found?.meta_data !== undefined && found.file_path === undefined) return found.meta_data;
    const what = found?.file_path === undefined ? 'is missing' : `lies in another file, ${found.file_path}`;
    throw badVectorFile(this.file.path, this.file.bytes, `column ${this.column.name} of row group ${group} ${what}`);
  }

  /** Of the first `count` values of a page that begins at `position` of its row group. */
  private requirePresent(
    page: NumberPage,
    count: number,
    firstRow: number,
    position: number,
    dim = Number.POSITIVE_INFINITY,
  ): void {
    const { definitionMax, element } = this.column;
    if (page.values.length === page.count) return;
    const at = page.definition?.findIndex((level) => level !== definitionMax) ?? 0;
    if (at >= count) return;
    const optional = (element.repetition_type ?? 'REQUIRED') === 'OPTIONAL';
    const isElement = optional && page.definition?.[at] === definitionMax - 1;
    const row = firstRow + Math.floor((position + at) / dim);
    const found = isElement ? `element ${(position + at) % dim} of its vector is null` : 'its vector is null or empty';
    throw badVectorRow(this.file.path, row, `${found}; expected a vector in every row`);
  }

  // A row begins where a repetition level is 0: exactly at every dim-th value.
  private requireStarts({ repetition, count }: NumberPage, firstRow: number, position: number, dim: number): void {
    if (repetition === undefined) return;
    let next = (dim - (position % dim)) % dim;
    for (let at = 0; at < count; at += 1) {
      const isStart = repetition[at] === 0;
      if (isStart === (at === next)) {
        if (isStart) next += dim;
        continue;
      }
      const row = Math.floor((position + at) / dim);
      const found = isStart ? `its vector has ${(position + at) % dim} elements` : `its vector has more than ${dim}`;
      // One that is too long is found at the start of the row after it.
      const place = firstRow + (isStart ? row : Math.max(0, row - 1));
      throw badVectorRow(
        this.file.path,
        place,
        `${found}, while the first row has ${dim}; all must have one dimension`,
      );
    }
  }
}

function concatenate(first: PageValues, second: PageValues): PageValues {
  const all = new (first.constructor as new (length: number) => PageValues)(first.length + second.length);
  all.set(first as never);
  all.set(second as never, first.length);
  return all;
}
