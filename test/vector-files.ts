// For tests of whatever reads vector files: temporary folders, and a naive encoder of every format that shares
// no code with the writer under test.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { StoredElement, VectorFormat } from '../src/source/formats.js';

/** A folder that goes away when the test file ends. */
export function temporaryFolder(): { path: string; file: (name: string, bytes?: Uint8Array) => string } {
  const path = mkdtempSync(join(tmpdir(), 'vamana-test-'));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return {
    path,
    file: (name, bytes) => {
      const file = join(path, name);
      // Removed first: some file systems flush a file to disk that was truncated and written again.
      if (bytes !== undefined) rmSync(file, { force: true });
      if (bytes !== undefined) writeFileSync(file, bytes);
      return file;
    },
  };
}

/** One element as its little-endian bytes; f16 takes bits. */
export function encodeElement(element: StoredElement, value: number): Buffer {
  const bytes = Buffer.alloc({ f64: 8, f32: 4, i32: 4, f16: 2, u8: 1, i8: 1 }[element]);
  if (element === 'f64') bytes.writeDoubleLE(value);
  else if (element === 'f32') bytes.writeFloatLE(value);
  else if (element === 'i32') bytes.writeInt32LE(value);
  else if (element === 'f16') bytes.writeUInt16LE(value);
  else if (element === 'u8') bytes.writeUInt8(value);
  else bytes.writeInt8(value);
  return bytes;
}

export interface EncodedFile {
  format: VectorFormat;
  element: StoredElement;
  rows: number[][];
  /** npy only; 1, 2 or 3. */
  npyVersion?: number;
}

export function encodeFile({ format, element, rows, npyVersion = 1 }: EncodedFile): Buffer {
  const dim = rows[0]?.length ?? 0;
  const body = rows.map((row) => Buffer.concat(row.map((value) => encodeElement(element, value))));
  if (format.endsWith('vecs')) return Buffer.concat(body.flatMap((row) => [encodeElement('i32', dim), row]));
  if (format !== 'npy') return Buffer.concat([encodeElement('i32', rows.length), encodeElement('i32', dim), ...body]);
  const descr = { f64: '<f8', f32: '<f4', f16: '<f2', u8: '|u1', i8: '|i1', i32: '<i4' }[element];
  return Buffer.concat([npyHeader(`'descr': '${descr}'`, `(${rows.length}, ${dim})`, 'False', npyVersion), ...body]);
}

/** A .npy header of the given parts, right or wrong. */
export function npyHeader(descr: string, shape: string, fortran = 'False', version = 1): Buffer {
  const text = `{${descr}, 'fortran_order': ${fortran}, 'shape': ${shape}, }`;
  const lengthBytes = version === 1 ? 2 : 4;
  const padded = `${text.padEnd(128 - 8 - lengthBytes - 1)}\n`;
  const length = Buffer.alloc(lengthBytes);
  length.writeUIntLE(padded.length, 0, lengthBytes);
  return Buffer.concat([Buffer.from([0x93, ...Buffer.from('NUMPY'), version, 0]), length, Buffer.from(padded)]);
}
