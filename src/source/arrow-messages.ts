// Where the messages of an Arrow IPC file lie: dictionaries and record batches, of a file (Feather V2) as its footer
// says, of a stream by going from one to the next without reading their bodies. So a batch can be read alone. The
// format is that of arrow.apache.org/docs/format/Columnar.html; metadata is decoded by the package apache-arrow. Called
// by arrow-reader.ts.
import { VamanaError } from '../errors.js';
import { WINDOW_BYTES_MAX } from '../limits.js';
import { checkFooter, checkMessage } from './arrow-bounds.js';
import { badVectorFile } from './faults.js';
import type { MappedFile } from './mapped-file.js';

export interface ArrowPlace {
  offset: number;
  bytes: number;
}

export interface ArrowBatch extends ArrowPlace {
  firstRow: number;
  rows: number;
  /** 'LZ4_FRAME' or 'ZSTD' when its body is compressed. */
  codec: string | undefined;
}

export interface ArrowIndex {
  /** The message, with its prefix. */
  schema: Uint8Array;
  dictionaries: ArrowPlace[];
  batches: ArrowBatch[];
  rows: number;
}

/** What of the package is used. */
export interface ArrowMessage {
  isSchema(): boolean;
  isRecordBatch(): boolean;
  isDictionaryBatch(): boolean;
  readonly bodyLength: number;
  header(): unknown;
}

export interface ArrowTools {
  decode(metadata: Uint8Array): ArrowMessage;
  /** The schema as a message with its prefix, and where messages begin. */
  footer(bytes: Uint8Array): { schema: Uint8Array; dictionaries: number[]; batches: number[] };
}

interface BatchHeader {
  length: number | bigint;
  buffers: readonly { offset: number | bigint; length: number | bigint }[];
  compression?: { type: number } | null;
}

const MAGIC = 'ARROW1';
const METADATA_BYTES_MAX = 256 * 1024 * 1024;
const CODECS = ['LZ4_FRAME', 'ZSTD'];

/** BAD_VECTOR_FILE with the offset of the first message that is not whole. */
export function indexMessages(file: MappedFile, tools: ArrowTools): ArrowIndex {
  const { path, bytes } = file;
  if (bytes < 8) throw badVectorFile(path, 0, `${bytes} bytes are no Arrow file`);
  const begins = file.use(0, 8, (head) => Buffer.from(head).toString('latin1'));
  if (begins.startsWith('FEA1')) {
    throw new VamanaError('UNSUPPORTED', `${path} is of Feather version 1, which is not read; write it as version 2`);
  }
  return begins.startsWith(MAGIC) ? indexFile(file, tools) : indexStream(file, tools);
}

// The file ends with the footer, its length and the magic.
function indexFile(file: MappedFile, tools: ArrowTools): ArrowIndex {
  const { path, bytes } = file;
  const tail = bytes < 18 ? Buffer.alloc(10) : file.use(bytes - 10, 10, (end) => Buffer.from(end));
  if (tail.toString('latin1', 4) !== MAGIC) {
    throw badVectorFile(path, bytes, `the file is cut off: expected ${MAGIC} at its end; copy it again`);
  }
  const length = tail.readInt32LE(0);
  const end = bytes - 10 - length;
  if (length <= 0 || end < 8) {
    throw badVectorFile(path, bytes - 10, `its footer is said to have ${length} bytes; the file has ${bytes}`);
  }
  let footer: ReturnType<ArrowTools['footer']>;
  try {
    footer = file.use(end, length, (found) => {
      checkFooter(found);
      return tools.footer(found.slice());
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw badVectorFile(path, end, `its footer cannot be read: ${reason}; copy the file again`);
  }
  const index: ArrowIndex = { schema: footer.schema, dictionaries: [], batches: [], rows: 0 };
  for (const offset of [...footer.dictionaries, ...footer.batches]) {
    const found = offset >= 8 && offset < end ? readMessage(file, offset, end, tools) : undefined;
    if (found === undefined) throw badVectorFile(path, end, `its footer names byte ${offset}, where no message is`);
    add(index, file, found);
  }
  return index;
}

function indexStream(file: MappedFile, tools: ArrowTools): ArrowIndex {
  let index: ArrowIndex | undefined;
  // A stream may end with a mark or without one.
  for (let at = 0; at < file.bytes; ) {
    const found = readMessage(file, at, file.bytes, tools);
    if (found === undefined) break;
    if (index !== undefined) add(index, file, found);
    else if (found.message.isSchema()) {
      const schema = file.use(at, found.bytes, (bytes) => bytes.slice());
      index = { schema, dictionaries: [], batches: [], rows: 0 };
    } else
      throw badVectorFile(file.path, at, 'a stream begins with its schema, which is not there; is it an Arrow file?');
    at += found.bytes;
  }
  if (index !== undefined) return index;
  throw badVectorFile(file.path, 0, 'there is no schema in it; is it an Arrow file?');
}

interface FoundMessage extends ArrowPlace {
  message: ArrowMessage;
}

/** Undefined at the mark that ends the messages. */
function readMessage(file: MappedFile, at: number, end: number, { decode }: ArrowTools): FoundMessage | undefined {
  const bad = (problem: string): Error => badVectorFile(file.path, at, `${problem}; is the file whole?`);
  const word = (offset: number): number => {
    if (offset + 4 > end) throw bad('a message is cut off');
    return file.use(offset, 4, (bytes) => Buffer.from(bytes).readInt32LE(0));
  };
  // Before format 0.15 the length came without the mark.
  const marked = word(at) === -1;
  const prefix = marked ? 8 : 4;
  const length = marked ? word(at + 4) : word(at);
  if (length === 0) return undefined;
  if (length < 0 || length > METADATA_BYTES_MAX || at + prefix + length > end) {
    throw bad(`a message is said to have ${length} bytes of metadata, which are not there`);
  }
  let message: ArrowMessage;
  let body: number;
  try {
    message = file.use(at + prefix, length, (bytes) => {
      checkMessage(bytes);
      return decode(bytes.slice());
    });
    body = Number(message.bodyLength);
    if (message.isRecordBatch() || message.isDictionaryBatch()) message.header();
  } catch (error) {
    throw bad(`a message cannot be read: ${error instanceof Error ? error.message : error}`);
  }
  if (!(body >= 0) || at + prefix + length + body > end) {
    throw bad(`a message is said to have a body of ${body} bytes, which are not there`);
  }
  return { offset: at, bytes: prefix + length + body, message };
}

function add(index: ArrowIndex, file: MappedFile, { offset, bytes, message }: FoundMessage): void {
  if (message.isDictionaryBatch()) {
    index.dictionaries.push({ offset, bytes });
  } else if (message.isRecordBatch()) {
    const header = message.header() as BatchHeader;
    const rows = Number(header.length);
    const bodyBytes = Number(message.bodyLength);
    const outside = header.buffers.find((buffer) => !isInside(buffer, bodyBytes));
    // A row of a list takes a byte at least, or a bit of what a codec may blow up.
    const rowsMax = header.compression == null ? bodyBytes : WINDOW_BYTES_MAX / 4;
    if (!(rows >= 0 && rows <= rowsMax) || outside !== undefined) {
      throw badVectorFile(file.path, offset, `a record batch of ${rows} rows has buffers outside its body`);
    }
    if (bytes > WINDOW_BYTES_MAX) {
      const advice = 'write the file with fewer rows a batch';
      throw new VamanaError(
        'UNSUPPORTED',
        `${file.path}: a record batch of ${bytes} bytes; at most ${WINDOW_BYTES_MAX} are read at once; ${advice}`,
      );
    }
    const { compression } = header;
    const codec = compression == null ? undefined : (CODECS[compression.type] ?? `codec ${compression.type}`);
    index.batches.push({ offset, bytes, firstRow: index.rows, rows, codec });
    index.rows += rows;
  }
}

function isInside({ offset, length }: BatchHeader['buffers'][number], bodyBytes: number): boolean {
  const start = Number(offset);
  return start >= 0 && Number(length) >= 0 && start + Number(length) <= bodyBytes;
}
