// Files of column formats for tests, made by the libraries of the formats and by nothing of this project.
import { readFileSync } from 'node:fs';
import {
  type CompressionType,
  Field,
  FixedSizeList,
  Float16,
  Float32,
  Float64,
  Int8,
  Int32,
  Int64,
  List,
  RecordBatchFileWriter,
  RecordBatchStreamWriter,
  Table,
  Uint8,
  Uint64,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import type { SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';

export type Cell = number | null;
export type CellRow = readonly Cell[] | null;

export interface ColumnTable {
  vectors: readonly CellRow[];
  ids?: readonly (bigint | string)[];
  /** Of the column `title`. */
  titles?: readonly (string | null)[];
  /** Rows a row group or a record batch. */
  group?: number;
}

export interface ParquetShape {
  element?: Partial<SchemaElement>;
  encoding?: 'PLAIN' | 'BYTE_STREAM_SPLIT' | 'DELTA_BINARY_PACKED' | 'RLE_DICTIONARY';
  codec?: 'UNCOMPRESSED' | 'SNAPPY' | 'GZIP' | 'ZSTD' | 'BROTLI' | 'LZ4_RAW';
  compress?: (input: Uint8Array) => Uint8Array;
  pageSize?: number;
  name?: string;
  /** How the column `title` is encoded. */
  titles?: 'RLE_DICTIONARY' | 'DELTA_BYTE_ARRAY' | 'DELTA_LENGTH_BYTE_ARRAY';
}

/** A list column as others write it: optional list, optional element. */
export function parquetFile(
  { vectors, ids, titles, group = vectors.length }: ColumnTable,
  shape: ParquetShape = {},
): Buffer {
  const { element = { type: 'FLOAT' }, encoding, codec = 'SNAPPY', compress, pageSize = 1024, name = 'vector' } = shape;
  const writer = new ByteWriter();
  const idElement: SchemaElement =
    typeof ids?.[0] === 'string'
      ? { name: 'id', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' }
      : { name: 'id', type: 'INT64', converted_type: 'UINT_64', repetition_type: 'REQUIRED' };
  const parquet = new ParquetWriter({
    writer,
    codec,
    ...(compress === undefined ? {} : { compressors: { [codec]: compress } }),
    schema: [
      { name: 'root', num_children: 1 + Number(ids !== undefined) + Number(titles !== undefined) },
      ...(ids === undefined ? [] : [idElement]),
      { name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', repetition_type: 'OPTIONAL', ...element },
      ...(titles === undefined
        ? []
        : [
            { name: 'title', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' } as SchemaElement,
          ]),
    ],
  });
  parquet.write({
    columnData: [
      ...(ids === undefined ? [] : [{ name: 'id', data: [...ids] }]),
      { name, data: [...vectors], ...(encoding === undefined ? {} : { encoding }) },
      ...(titles === undefined
        ? []
        : [
            {
              name: 'title',
              data: [...titles],
              ...(shape.titles === undefined ? {} : { encoding: shape.titles }),
            },
          ]),
    ],
    rowGroupSize: group,
    pageSize,
  });
  parquet.finish();
  return Buffer.from(writer.getBuffer());
}

const ARROW_ELEMENTS = { f16: Float16, f32: Float32, f64: Float64, i8: Int8, u8: Uint8, i32: Int32, i64: Int64 };

export interface ArrowShape {
  element?: keyof typeof ARROW_ELEMENTS;
  list?: 'list' | 'fixed';
  kind?: 'file' | 'stream';
  name?: string;
  compressionType?: CompressionType;
}

export function arrowFile(
  { vectors, ids, titles, group = vectors.length }: ColumnTable,
  shape: ArrowShape = {},
): Buffer {
  const { element = 'f32', list = 'list', kind = 'file', name = 'vector', compressionType } = shape;
  const field = new Field('item', new ARROW_ELEMENTS[element](), true);
  const dim = vectors.find((row) => row !== null)?.length ?? 0;
  const type = list === 'list' ? new List(field) : new FixedSizeList(dim, field);
  const big = (value: Cell): Cell | bigint => (element === 'i64' && value !== null ? BigInt(value) : value);
  const columns = {
    ...(ids === undefined ? {} : { id: vectorFromArray(ids, typeof ids[0] === 'string' ? new Utf8() : new Uint64()) }),
    [name]: vectorFromArray(vectors.map((row) => row?.map(big) ?? null) as never, type as never),
    ...(titles === undefined ? {} : { title: vectorFromArray(titles, new Utf8()) }),
  };
  const table = new Table(columns as never);
  // A slice shares its buffers with the whole; the writer cuts them.
  const starts = Array.from({ length: Math.ceil(vectors.length / group) }, (_, at) => at * group);
  const batches = starts.flatMap((at) => table.slice(at, at + group).batches);
  const options = compressionType === undefined ? {} : { compressionType };
  const writer = kind === 'file' ? new RecordBatchFileWriter(options) : new RecordBatchStreamWriter(options);
  return Buffer.from(writer.writeAll(batches).toUint8Array(true));
}

export type Hdf5Dataset = {
  data: Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array | Int8Array;
  shape: number[];
  chunks?: number[];
};

/** At `path`, since the library writes files only. */
export async function hdf5File(path: string, datasets: Readonly<Record<string, Hdf5Dataset>>): Promise<Buffer> {
  const h5 = await import('h5wasm/node');
  await h5.ready;
  const file = new h5.File(path, 'w');
  for (const [name, { data, shape, chunks }] of Object.entries(datasets)) {
    const zipped = chunks === undefined ? {} : { chunks, compression: 'gzip' as const };
    file.create_dataset({ name, data, shape, ...zipped });
  }
  file.close();
  return readFileSync(path);
}
