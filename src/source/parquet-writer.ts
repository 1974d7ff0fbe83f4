// A Parquet file of vectors, through the package hyparquet-writer: `vector` as a list of floats, half floats or bytes,
// `id` as text or as whole numbers up to 2^64 - 1, `payload` as JSON. Rows are held until there are enough of them for a
// row group, so that pages and groups have the size other readers like. Called by column-writer.ts.
import type { SchemaElement } from 'hyparquet';
import { writeExactJson } from '../payload/exact-json.js';
import { ID_COLUMN, PAYLOAD_COLUMN, VECTOR_COLUMN } from './column-choice.js';
import type { ColumnShape } from './column-writer.js';
import { invalidArgument } from './faults.js';
import { elementBytes, type VectorData, type VectorElement } from './formats.js';
import { halfToFloat } from './half.js';
import { loadOptional } from './optional-package.js';
import type { ColumnEncoder, RowColumns } from './vector-writer.js';

/** A row group: large enough for other readers, small enough that its lists, of 8 bytes a number and more, are not. */
const GROUP_NUMBERS = 2 ** 20;
const GROUP_ROWS_MAX = 65_536;

type Id = NonNullable<RowColumns['ids']>[number];
type WriterPackage = typeof import('hyparquet-writer');

export async function createParquetEncoder(path: string, shape: ColumnShape): Promise<ColumnEncoder> {
  const load = () => import('hyparquet-writer');
  return new ParquetEncoder(path, shape, await loadOptional('hyparquet-writer', `writing ${path}`, load));
}

class ParquetEncoder implements ColumnEncoder {
  private readonly bytes: InstanceType<WriterPackage['ByteWriter']>;
  /** Made with the first rows: their ids tell the column's type. */
  private writer: InstanceType<WriterPackage['ParquetWriter']> | undefined;
  private readonly groupRows: number;
  private blocks: VectorData[] = [];
  private ids: Id[] = [];
  private payloads: (string | null)[] = [];
  private held = 0;
  private idsAreText = false;

  constructor(
    private readonly path: string,
    private readonly shape: ColumnShape,
    private readonly tools: WriterPackage,
  ) {
    this.bytes = new tools.ByteWriter();
    this.groupRows = Math.min(GROUP_ROWS_MAX, Math.max(1, Math.floor(GROUP_NUMBERS / shape.dim)));
  }

  rows(data: VectorData, rows: number, { ids = [], payloads = [] }: RowColumns): Uint8Array {
    const { dim } = this.shape;
    const made: Uint8Array[] = [];
    for (let at = 0; at < rows; ) {
      const count = Math.min(rows - at, this.groupRows - this.held);
      this.blocks.push(data.slice(at * dim, (at + count) * dim) as VectorData);
      this.ids.push(...ids.slice(at, at + count));
      this.payloads.push(
        ...payloads.slice(at, at + count).map((value) => (value === null ? null : writeExactJson(value))),
      );
      this.held += count;
      at += count;
      if (this.held === this.groupRows) made.push(this.writeGroup());
    }
    return Buffer.concat(made);
  }

  end(): Uint8Array {
    const last = this.held > 0 ? this.writeGroup() : new Uint8Array(0);
    this.writer?.finish();
    return Buffer.concat([last, this.taken()]);
  }

  private writeGroup(): Uint8Array {
    const { ids, payloads } = this.shape.columns;
    if (this.writer === undefined) {
      this.idsAreText = this.shape.columns.textIds ?? this.ids.some((id) => typeof id === 'string');
      this.writer = new this.tools.ParquetWriter({
        writer: this.bytes,
        schema: this.schema(),
        createdBy: 'vamana-ssd',
      });
    }
    this.writer.write({
      columnData: [
        ...(ids ? [{ name: ID_COLUMN, data: this.ids.map((id) => this.idValue(id)) }] : []),
        {
          name: VECTOR_COLUMN,
          data: this.vectors(),
          statistics: false,
          ...(/^f/.test(this.shape.element) ? PLAIN : {}),
        },
        ...(payloads ? [{ name: PAYLOAD_COLUMN, data: this.payloads }] : []),
      ],
      rowGroupSize: this.held,
    });
    this.blocks = [];
    this.ids = [];
    this.payloads = [];
    this.held = 0;
    return this.taken();
  }

  private vectors(): unknown[] {
    const { dim, element } = this.shape;
    return this.blocks.flatMap((block) =>
      Array.from({ length: block.length / dim }, (_, row) => {
        const vector = block.subarray(row * dim, (row + 1) * dim);
        return element === 'f16' ? Array.from(vector, halfToFloat) : Array.from(vector);
      }),
    );
  }

  // One type for the whole column, which the first row group decides.
  private idValue(id: Id): string | bigint {
    if (this.idsAreText) return String(id);
    if (typeof id !== 'string') return BigInt(id);
    throw invalidArgument(
      `${this.path}: the id ${id} is text, while those before are numbers, and a column has one type; write .jsonl`,
    );
  }

  private schema(): SchemaElement[] {
    const { element, columns } = this.shape;
    const id: SchemaElement = this.idsAreText
      ? { name: ID_COLUMN, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' }
      : { name: ID_COLUMN, type: 'INT64', converted_type: 'UINT_64', repetition_type: 'REQUIRED' };
    return [
      { name: 'schema', num_children: 1 + Number(columns.ids) + Number(columns.payloads) },
      ...(columns.ids ? [id] : []),
      { name: VECTOR_COLUMN, repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST' },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', repetition_type: 'REQUIRED', ...ELEMENTS[element] },
      ...(columns.payloads ? [PAYLOAD] : []),
    ];
  }

  // What the package has made so far; its own count of bytes goes on.
  private taken(): Uint8Array {
    const bytes = this.bytes.getBytes().slice();
    this.bytes.index = 0;
    return bytes;
  }
}

/** A dictionary of floats is as long as they are many. */
const PLAIN = { encoding: 'PLAIN' as const };
/** JSON as text of our own making: the package would round whole numbers past 2^53. */
const PAYLOAD: SchemaElement = {
  name: PAYLOAD_COLUMN,
  type: 'BYTE_ARRAY',
  converted_type: 'UTF8',
  repetition_type: 'OPTIONAL',
};

const ELEMENTS: Readonly<Record<VectorElement, Partial<SchemaElement>>> = {
  f32: { type: 'FLOAT' },
  f16: { type: 'FIXED_LEN_BYTE_ARRAY', type_length: elementBytes('f16'), logical_type: { type: 'FLOAT16' } },
  u8: { type: 'INT32', converted_type: 'UINT_8' },
  i8: { type: 'INT32', converted_type: 'INT_8' },
  i32: { type: 'INT32' },
};
