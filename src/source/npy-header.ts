// The header of a NumPy .npy file, read and written.
//
//   offset | size   | type | meaning
//        0 |      6 |      | magic: 0x93 "NUMPY"
//        6 |      2 | u8 x2| format version: 1.0, 2.0 or 3.0
//        8 | 2 or 4 | uint | bytes of the text that follows: u16 in version 1.0, u32 in 2.0 and 3.0
//  10 or 12|        | text | a Python dictionary with 'descr', 'fortran_order' and 'shape', space-padded, then \n
//
// The text is parsed as the Python literal it is (python-literal.ts). Refused with the reason: big-endian,
// Fortran order, objects, structured types, element types beyond f2 f4 f8 u1 i1, shapes that are not 2-d.
import { badVectorFile } from './faults.js';
import type { StoredElement, VectorElement } from './formats.js';
import { type PythonValue, parsePythonLiteral } from './python-literal.js';

export interface NpyHeader {
  rows: number;
  dim: number;
  stored: StoredElement;
  /** Offset of the first row. */
  dataOffset: number;
}

/** Enough for the preamble of every version. */
export const NPY_PREAMBLE_BYTES = 12;

/** NumPy itself stops at 10,000 characters; more is a damaged length. */
const TEXT_BYTES_MAX = 65_536;

const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);

/** Where the text lies, from the file's first NPY_PREAMBLE_BYTES bytes (or fewer, when the file is shorter). */
export function parseNpyPreamble(path: string, bytes: Uint8Array): { textOffset: number; textBytes: number } {
  const wrong = MAGIC.findIndex((byte, at) => bytes[at] !== byte);
  if (wrong !== -1 && wrong < bytes.length) {
    throw badVectorFile(path, 0, `expected the npy magic 93 4e 55 4d 50 59, found ${hex(bytes.subarray(0, 6))}`);
  }
  const major = bytes[6] ?? 1;
  const minor = bytes[7] ?? 0;
  if (major < 1 || major > 3 || minor !== 0) {
    throw badVectorFile(path, 6, `npy version ${major}.${minor} is not known; expected 1.0, 2.0 or 3.0`);
  }
  const textOffset = major === 1 ? 10 : 12;
  if (bytes.length < textOffset) {
    throw badVectorFile(path, bytes.length, `the npy header is cut off: expected at least ${textOffset} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const textBytes = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (textBytes > TEXT_BYTES_MAX) {
    throw badVectorFile(
      path,
      8,
      `the npy header claims ${textBytes} bytes of text; at most ${TEXT_BYTES_MAX} are read`,
    );
  }
  return { textOffset, textBytes };
}

/** The header's meaning, from its text, which begins at `textOffset` of the file. */
export function parseNpyText(path: string, text: Uint8Array, textOffset: number): NpyHeader {
  const fail = (problem: string): never => {
    throw badVectorFile(path, textOffset, problem);
  };
  let value: PythonValue;
  try {
    value = parsePythonLiteral(new TextDecoder().decode(text));
  } catch (error) {
    return fail(`the npy header is no Python dictionary: ${error instanceof Error ? error.message : error}`);
  }
  if (!(value instanceof Map)) return fail('the npy header is no Python dictionary');
  const stored = storedElement(value.get('descr'), fail);
  const fortran = value.get('fortran_order');
  if (fortran === true) return fail('Fortran order is not read; save the array with numpy.ascontiguousarray(a)');
  if (fortran !== false) return fail("the npy header's fortran_order is neither True nor False");
  const shape = value.get('shape');
  if (!Array.isArray(shape)) return fail('the npy header has no shape');
  const [rows, dim] = shape;
  if (shape.length !== 2 || typeof rows !== 'number' || typeof dim !== 'number') {
    return fail(`expected a 2-d shape (rows, dimension), found (${shape.map(String).join(', ')})`);
  }
  return { rows, dim, stored, dataOffset: textOffset + text.length };
}

/**
 * A version 1.0 header for rows x dim elements. Always 128 bytes, so that a writer that learns the number of
 * rows at the end can write it over the one it began with.
 */
export function encodeNpyHeader(rows: number, dim: number, element: VectorElement): Uint8Array {
  const descr = Object.keys(STORED).find((name) => STORED[name] === element);
  if (descr === undefined) throw new RangeError(`npy files of ${element} are not written`);
  const order = element === 'u8' || element === 'i8' ? '|' : '<';
  const text = `{'descr': '${order}${descr}', 'fortran_order': False, 'shape': (${rows}, ${dim}), }`;
  const header = new Uint8Array(128).fill(0x20);
  header.set(MAGIC);
  header.set([1, 0, 128 - 10, 0], 6);
  header.set(new TextEncoder().encode(text), 10);
  header[127] = 0x0a;
  return header;
}

const STORED: Readonly<Record<string, StoredElement>> = { f2: 'f16', f4: 'f32', f8: 'f64', u1: 'u8', i1: 'i8' };

function storedElement(descr: PythonValue | undefined, fail: (problem: string) => never): StoredElement {
  if (Array.isArray(descr)) return fail('structured types are not read; save the one field that holds the vectors');
  if (typeof descr !== 'string') return fail('the npy header has no descr');
  const known = /^([<>|=])([A-Za-z])(\d*)$/.exec(descr);
  const [order, kind, size] = known?.slice(1) ?? [];
  if (kind === 'O') return fail('arrays of Python objects are not read; save the vectors as float32');
  const stored = STORED[`${kind}${size}`];
  if (stored === undefined) {
    return fail(`element type ${descr} is not read; expected <f2, <f4, <f8, |u1 or |i1`);
  }
  if (order === '>' && size !== '1') {
    return fail(`big-endian elements (${descr}) are not read; save the array with .astype('<${kind}${size}')`);
  }
  return stored;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
