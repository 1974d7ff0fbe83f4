// A NumPy list of integers, read as ids in bounded windows. Vectors in .npy files are npy-header.ts; what is shared is
// the header's outer form.
import { setImmediate } from 'node:timers/promises';
import { badVectorFile } from './faults.js';
import type { IdList } from './id-list.js';
import { MappedFile } from './mapped-file.js';
import { NPY_PREAMBLE_BYTES, parseNpyPreamble } from './npy-header.js';
import { parsePythonLiteral } from './python-literal.js';

type ReadInteger = (view: DataView, offset: number) => bigint;

const READERS: Readonly<Record<string, { bytes: number; read: ReadInteger }>> = {
  u1: { bytes: 1, read: (view, at) => BigInt(view.getUint8(at)) },
  u2: { bytes: 2, read: (view, at) => BigInt(view.getUint16(at, true)) },
  u4: { bytes: 4, read: (view, at) => BigInt(view.getUint32(at, true)) },
  u8: { bytes: 8, read: (view, at) => view.getBigUint64(at, true) },
  i1: { bytes: 1, read: (view, at) => BigInt(view.getInt8(at)) },
  i2: { bytes: 2, read: (view, at) => BigInt(view.getInt16(at, true)) },
  i4: { bytes: 4, read: (view, at) => BigInt(view.getInt32(at, true)) },
  i8: { bytes: 8, read: (view, at) => view.getBigInt64(at, true) },
};

const WINDOW_ROWS = 65_536;

export function openNpyIntegers(path: string): IdList {
  const file = MappedFile.open(path);
  try {
    const { type, rows, dataOffset } = readHeader(file);
    const { bytes, read } = READERS[type] as { bytes: number; read: ReadInteger };
    if (file.bytes !== dataOffset + rows * bytes) {
      const problem = `expected ${dataOffset + rows * bytes} bytes for ${rows} integers of ${bytes} bytes, found ${file.bytes}`;
      throw badVectorFile(path, dataOffset, problem);
    }
    return {
      rows,
      async *ids(start) {
        for (let first = start; first < rows; first += WINDOW_ROWS) {
          const count = Math.min(WINDOW_ROWS, rows - first);
          yield* file.use(dataOffset + first * bytes, count * bytes, (window) => {
            const view = new DataView(window.buffer, window.byteOffset, window.byteLength);
            return Array.from({ length: count }, (_, at) => read(view, at * bytes));
          });
          await setImmediate();
        }
      },
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

function readHeader(file: MappedFile): { type: string; rows: number; dataOffset: number } {
  const { path } = file;
  const preamble = file.use(0, Math.min(NPY_PREAMBLE_BYTES, file.bytes), (bytes) => parseNpyPreamble(path, bytes));
  const { textOffset, textBytes } = preamble;
  if (textOffset + textBytes > file.bytes) throw badVectorFile(path, file.bytes, 'the npy header is cut off');
  const text = file.use(textOffset, textBytes, (bytes) => new TextDecoder().decode(bytes));
  const fail = (problem: string): never => {
    throw badVectorFile(path, textOffset, problem);
  };
  const header = parseText(text, fail);
  const descr = header.get('descr');
  const type = typeof descr === 'string' ? (/^[<|]([iu][1248])$/.exec(descr)?.[1] ?? '') : '';
  if (READERS[type] === undefined)
    return fail(`found elements of type ${String(descr)}, expected integers of little-endian order`);
  const shape = header.get('shape');
  const [rows, columns = 1] = Array.isArray(shape) ? shape : [];
  if (typeof rows !== 'number' || columns !== 1 || (shape as unknown[]).length > 2) {
    return fail(`found shape (${Array.isArray(shape) ? shape.map(String).join(', ') : ''}), expected one id a row`);
  }
  return { type, rows, dataOffset: textOffset + textBytes };
}

function parseText(text: string, fail: (problem: string) => never): Map<unknown, unknown> {
  try {
    const value: unknown = parsePythonLiteral(text);
    if (value instanceof Map) return value;
  } catch (error) {
    return fail(`the npy header is no Python dictionary: ${error instanceof Error ? error.message : error}`);
  }
  return fail('the npy header is no Python dictionary');
}
