// The ids of the rows of a vector file, in a file of their own: a list as long as the vector file has rows.
//
//   .txt [.gz]         a line each: a number, a UUID or another string
//   .ibin .ivecs       one 32-bit number a row
//   .npy               a list of integers of 1 to 8 bytes: shape (rows,) or (rows, 1)
import { invalidArgument } from './faults.js';
import { readLines } from './lines.js';
import { openNpyIntegers } from './npy-integers.js';
import { openVectorSource } from './vector-source.js';

export interface IdList {
  /** Null where it is known only at the end. */
  readonly rows: number | null;
  /** From a row on. Numbers are bigints; strings are as they stand in the file. */
  ids(start: number): AsyncIterable<bigint | string>;
  close(): void;
}

/** NOT_FOUND, BAD_VECTOR_FILE, INVALID_ARGUMENT (an extension that says nothing). */
export async function openIdList(path: string): Promise<IdList> {
  if (/\.txt(\.gz)?$/i.test(path)) return { rows: null, ids: (start) => textIds(path, start), close: () => undefined };
  if (/\.npy$/i.test(path)) return openNpyIntegers(path);
  if (!/\.(ibin|ivecs)$/i.test(path)) {
    throw invalidArgument(`${path}: its extension names no list of ids; expected .txt, .txt.gz, .ibin, .ivecs or .npy`);
  }
  const source = await openVectorSource(path);
  if (source.dim !== 1) {
    source.close();
    throw invalidArgument(`${path} has ${source.dim} numbers a row, expected one id a row`);
  }
  return {
    rows: source.rows,
    async *ids(start) {
      for await (const { data } of source.windows({ start })) for (const id of data) yield BigInt(id >>> 0);
    },
    close: () => source.close(),
  };
}

async function* textIds(path: string, start: number): AsyncGenerator<bigint | string, void> {
  for await (const { text, number } of readLines(path, start)) {
    const id = text.trim();
    if (id === '') throw invalidArgument(`${path}: line ${number} is empty, expected an id`);
    yield /^\d{1,20}$/.test(id) ? BigInt(id) : id;
  }
}
