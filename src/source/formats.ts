// The table of vector file formats and element types: names, extensions, which element a format can hold.
// Not here: how a header is read (headers.ts, npy-header.ts) or written (vector-writer.ts).
//
//   fvecs bvecs ivecs         every row preceded by its dimension as i32 (TEXMEX)
//   fbin u8bin i8bin ibin     u32 rows, u32 dimension, then the rows (big-ann-benchmarks)
//   npy                       NumPy, C order, little-endian
//   parquet arrow             a column of lists beside others (Feather V2 is arrow)
//   hdf5                      a 2-d dataset, as ann-benchmarks has them
//   jsonl [.gz]               a line a row: an object with the vector as a member, or the bare vector
//
// The first three lines are flat formats: one header and rows that lie evenly in the file. The others are column
// formats (column-source.ts); a name may go on with `#` and the column: file.hdf5#train.
import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import type { NativeElement } from '../binding.js';
import { invalidArgument } from './faults.js';

/** What a row is made of. `i32` occurs only as ids (truth files), never as vectors. */
export type VectorElement = NativeElement | 'i32';

/** What stands in the file: f64 is read as f32. */
export type StoredElement = VectorElement | 'f64';

/** Rows tightly packed. f16 values are their bits (half.ts). */
export type VectorData = Float32Array | Uint16Array | Uint8Array | Int8Array | Int32Array;

/** How a flat format begins: `row` repeats the dimension before every row, the others have one header. */
export type HeaderKind = 'row' | 'bin' | 'npy';

interface FormatTraits {
  readonly header: HeaderKind | 'columns';
  /** Elements that a file of this format can be written with; none where it is read only. */
  readonly elements: readonly VectorElement[];
}

const FORMATS = {
  fvecs: { header: 'row', elements: ['f32'] },
  bvecs: { header: 'row', elements: ['u8'] },
  ivecs: { header: 'row', elements: ['i32'] },
  fbin: { header: 'bin', elements: ['f32'] },
  u8bin: { header: 'bin', elements: ['u8'] },
  i8bin: { header: 'bin', elements: ['i8'] },
  ibin: { header: 'bin', elements: ['i32'] },
  npy: { header: 'npy', elements: ['f32', 'f16', 'u8', 'i8'] },
  parquet: { header: 'columns', elements: ['f32', 'f16', 'u8', 'i8'] },
  arrow: { header: 'columns', elements: [] },
  hdf5: { header: 'columns', elements: [] },
  jsonl: { header: 'columns', elements: ['f32', 'f16', 'u8', 'i8'] },
} as const satisfies Record<string, FormatTraits>;

export type VectorFormat = keyof typeof FORMATS;
export type ColumnFormat = 'parquet' | 'arrow' | 'hdf5' | 'jsonl';
export type FlatFormat = Exclude<VectorFormat, ColumnFormat>;

export const vectorFormats = Object.keys(FORMATS) as readonly VectorFormat[];
export const vectorElements = ['f32', 'f16', 'u8', 'i8', 'i32'] as const satisfies readonly VectorElement[];

export function formatTraits(format: VectorFormat): FormatTraits {
  return FORMATS[format];
}

export function isColumnFormat(format: VectorFormat): format is ColumnFormat {
  return FORMATS[format].header === 'columns';
}

export function flatHeader(format: FlatFormat): HeaderKind {
  return FORMATS[format].header;
}

/** `file.hdf5#train` is the column `train` of file.hdf5, unless a file has the very name. */
export function splitColumn(path: string): { file: string; column?: string } {
  const at = path.lastIndexOf('#');
  if (at <= 0 || at === path.length - 1 || existsSync(path)) return { file: path };
  return { file: path.slice(0, at), column: path.slice(at + 1) };
}

/** The format asked for, else the one that the extension names. */
export function chooseFormat(path: string, asked?: string): VectorFormat {
  const name = (asked ?? extensionOf(splitColumn(path).file)).toLowerCase();
  const format = ALIASES[name] ?? name;
  if (isFormat(format)) return format;
  const known = vectorFormats.join(', ');
  if (asked !== undefined) throw invalidArgument(`format ${asked} is not known; the known formats are ${known}`);
  const found = name === '' ? 'no extension' : `extension .${name}`;
  const extensions = vectorFormats.map((format) => `.${format}`).join(' ');
  throw invalidArgument(
    `${path}: ${found} names no vector format; known are ${extensions}; give the format (--format) if the name says nothing`,
  );
}

export function elementBytes(element: StoredElement): number {
  return ELEMENT_BYTES[element];
}

/** An array for `length` elements; over `buffer`, from `byteOffset` on, when given. */
export function createVectorData(
  element: VectorElement,
  length: number,
  buffer?: ArrayBuffer,
  byteOffset = 0,
): VectorData {
  return new ARRAYS[element](buffer ?? new ArrayBuffer(length * ELEMENT_BYTES[element]), byteOffset, length);
}

/** Whether `data` is the kind of array that holds the element. */
export function isVectorData(element: VectorElement, data: VectorData): boolean {
  return data instanceof ARRAYS[element];
}

/** The bytes behind rows, without a copy. */
export function bytesOf(data: VectorData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

const ARRAYS = {
  f32: Float32Array,
  f16: Uint16Array,
  u8: Uint8Array,
  i8: Int8Array,
  i32: Int32Array,
} as const satisfies Record<VectorElement, unknown>;

const ELEMENT_BYTES: Readonly<Record<StoredElement, number>> = { f64: 8, f32: 4, f16: 2, u8: 1, i8: 1, i32: 4 };

/** Other extensions of the same. */
const ALIASES: Readonly<Record<string, VectorFormat>> = {
  feather: 'arrow',
  ipc: 'arrow',
  arrows: 'arrow',
  h5: 'hdf5',
  ndjson: 'jsonl',
};

// Of x.jsonl.gz it is jsonl: no other format is read zipped.
function extensionOf(path: string): string {
  const bare = /\.(jsonl|ndjson)\.gz$/i.test(path) ? path.slice(0, -3) : path;
  return extname(bare).slice(1);
}

function isFormat(name: string): name is VectorFormat {
  return Object.hasOwn(FORMATS, name);
}
