// An Arrow IPC file or stream (.arrow, .feather) as rows of vectors, a record batch at a time: the batch's message is
// read alone and handed, behind the schema and the dictionaries, to the package apache-arrow.
import type { RecordBatch, Schema } from 'apache-arrow';
import { WINDOW_BYTES_MAX } from '../limits.js';
import { type ArrowBatch, type ArrowIndex, type ArrowPlace, type ArrowTools, indexMessages } from './arrow-messages.js';
import { type Arrow, arrowValue, listLength, storedAs, vectorRows } from './arrow-values.js';
import { loadCodec } from './codecs.js';
import { type ColumnChoice, chooseColumns, chooseVector, columnsOf } from './column-choice.js';
import type { ColumnFacts, ColumnReader, RowBlock } from './column-source.js';
import { payloadFrom, payloadOf, typedIdOf } from './column-values.js';
import { badVectorFile } from './faults.js';
import type { StoredElement } from './formats.js';
import { MappedFile } from './mapped-file.js';
import { loadOptional } from './optional-package.js';
import type { OpenVectorOptions } from './vector-source.js';

/** NOT_FOUND, BAD_VECTOR_FILE, INVALID_ARGUMENT, UNSUPPORTED. */
export async function openArrow(path: string, options: OpenVectorOptions): Promise<ColumnReader> {
  const file = MappedFile.open(path);
  try {
    const { arrow, tools } = await load(path);
    const index = indexMessages(file, tools);
    await registerCodecs(arrow, path, index);
    const batches = new BatchReader(arrow, file, index);
    const { fields } = batches.schema();
    const names = fields.map(({ name }) => name);
    const candidates = fields.filter(({ type }) => storedAs(arrow, type) !== undefined).map(({ name }) => name);
    const vector = chooseVector(path, names, candidates, options.column);
    const choice = chooseColumns(path, names, vector, options);
    return new ArrowReader(arrow, file, index, batches, choice);
  } catch (error) {
    file.close();
    throw error;
  }
}

async function load(path: string): Promise<{ arrow: Arrow; tools: ArrowTools }> {
  const [arrow, { Footer }] = await loadOptional('apache-arrow', `reading ${path}`, () =>
    Promise.all([import('apache-arrow'), import('apache-arrow/ipc/metadata/file')]),
  );
  const { Message } = arrow;
  return {
    arrow,
    tools: {
      decode: (metadata) => Message.decode(metadata),
      footer(bytes) {
        const footer = Footer.decode(bytes);
        return {
          schema: framed(Message.encode(Message.from(footer.schema as never))),
          dictionaries: Array.from(footer.dictionaryBatches(), ({ offset }) => offset),
          batches: Array.from(footer.recordBatches(), ({ offset }) => offset),
        };
      },
    },
  };
}

// As a stream has it: the mark, the length, the message padded to 8 bytes.
function framed(message: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(8 + Math.ceil(message.length / 8) * 8);
  bytes.writeInt32LE(-1, 0);
  bytes.writeInt32LE(bytes.length - 8, 4);
  bytes.set(message, 8);
  return bytes;
}

async function registerCodecs({ compressionRegistry }: Arrow, path: string, { batches }: ArrowIndex): Promise<void> {
  const types = { LZ4_FRAME: 0, ZSTD: 1 } as const;
  for (const codec of new Set(batches.map((batch) => batch.codec))) {
    if (codec === undefined) continue;
    const decompress = await loadCodec(path, codec);
    // The lengths that Arrow notes are not handed on.
    const decode = (input: Uint8Array): Uint8Array => decompress(input, outputBytes(codec, input));
    const type = types[codec as keyof typeof types];
    // The registry is the process's: what a program has put there stays.
    const there = compressionRegistry.get(type);
    if (there?.decode === undefined) compressionRegistry.set(type, { ...there, decode });
  }
}

function outputBytes(codec: string, input: Uint8Array): number {
  return codec === 'LZ4_FRAME' ? WINDOW_BYTES_MAX : zstdContentBytes(input);
}

// From the head of a Zstandard frame (RFC 8878, 3.1.1.1), where its writer knew it, as those of Arrow do.
function zstdContentBytes(input: Uint8Array): number {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const descriptor = view.getUint8(4);
  const single = (descriptor & 32) !== 0;
  const at = 5 + (single ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] as number);
  switch (descriptor >> 6) {
    case 0:
      return single ? view.getUint8(at) : WINDOW_BYTES_MAX;
    case 1:
      return view.getUint16(at, true) + 256;
    case 2:
      return view.getUint32(at, true);
    default:
      return Number(view.getBigUint64(at, true));
  }
}

/** Decodes single messages. */
class BatchReader {
  private head: Buffer | undefined;

  constructor(
    private readonly arrow: Arrow,
    private readonly file: MappedFile,
    private readonly index: ArrowIndex,
  ) {}

  schema(): Schema {
    return this.attempt({ offset: 0 }, () => {
      const reader = this.arrow.RecordBatchReader.from(this.index.schema);
      reader.open();
      if (!(reader.schema instanceof this.arrow.Schema)) throw new Error('it has no fields');
      return reader.schema;
    });
  }

  batch(batch: ArrowBatch): RecordBatch {
    const { schema, dictionaries } = this.index;
    this.head ??= Buffer.concat([schema, ...dictionaries.map((place) => this.bytes(place))]);
    const head = this.head;
    return this.attempt(batch, () => {
      // Messages are padded to 8 bytes, so that numbers behind the head are aligned as they were in the file.
      const bytes = new Uint8Array(head.length + batch.bytes);
      bytes.set(head);
      this.file.use(batch.offset, batch.bytes, (found) => bytes.set(found, head.length));
      const [decoded] = this.arrow.RecordBatchReader.from(bytes);
      if (decoded?.numRows !== batch.rows) throw new Error(`found ${decoded?.numRows} rows, expected ${batch.rows}`);
      return decoded;
    });
  }

  private bytes({ offset, bytes }: ArrowPlace): Uint8Array {
    return this.file.use(offset, bytes, (found) => found.slice());
  }

  private attempt<T>({ offset }: Pick<ArrowPlace, 'offset'>, work: () => T): T {
    try {
      return work();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw badVectorFile(this.file.path, offset, `a message cannot be decoded: ${reason}; is the file whole?`);
    }
  }
}

class ArrowReader implements ColumnReader {
  readonly facts: ColumnFacts;

  constructor(
    private readonly arrow: Arrow,
    private readonly file: MappedFile,
    private readonly index: ArrowIndex,
    private readonly batches: BatchReader,
    private readonly choice: ColumnChoice,
  ) {
    const { vector } = choice;
    const first = index.batches.find(({ rows }) => rows > 0);
    const field = batches.schema().fields.find(({ name }) => name === vector);
    this.facts = {
      ...{ path: file.path, fileBytes: file.bytes, seekable: false, columns: columnsOf(choice) },
      rows: index.rows,
      stored: storedAs(arrow, field?.type as never) as StoredElement,
      dim: first === undefined ? 0 : listLength(arrow, batches.batch(first), vector),
    };
  }

  async *blocks(start: number, end: number): AsyncGenerator<RowBlock, void> {
    const { arrow, choice } = this;
    for (const batch of this.index.batches) {
      const { firstRow, rows } = batch;
      if (firstRow + rows <= start || rows === 0) continue;
      if (firstRow >= end) return;
      const range = { firstRow, from: Math.max(0, start - firstRow), to: Math.min(rows, end - firstRow) };
      const decoded = this.batches.batch(batch);
      const data = vectorRows(arrow, this.facts, decoded, choice.vector, range);
      yield { rows: range.to - range.from, data, ...this.others(decoded, range) };
    }
  }

  close(): void {
    this.file.close();
  }

  private others(
    batch: RecordBatch,
    { firstRow, from, to }: { firstRow: number; from: number; to: number },
  ): Pick<RowBlock, 'ids' | 'payloads'> {
    const { choice } = this;
    const { path, columns } = this.facts;
    const rows = Array.from({ length: to - from }, (_, at) => from + at);
    const value = (name: string, row: number): unknown => {
      const vector = batch.getChild(name);
      return vector === null ? null : arrowValue(this.arrow, vector.type, vector.get(row));
    };
    const payload = (row: number): ReturnType<typeof payloadOf> => {
      if (choice.payload !== undefined && 'column' in choice.payload) {
        return payloadOf(path, firstRow + row, value(choice.payload.column, row));
      }
      return payloadFrom(choice.payload?.members ?? [], (name) => value(name, row));
    };
    return {
      ...(columns.ids ? { ids: rows.map((row) => typedIdOf(path, firstRow + row, value(choice.ids ?? '', row))) } : {}),
      ...(columns.payloads ? { payloads: rows.map(payload) } : {}),
    };
  }
}
