import { describe, expect, it } from 'vitest';
import { encodeNpyHeader, parseNpyPreamble, parseNpyText } from './npy-header.js';

// numpy.save of numpy.zeros((3, 4), 'f4'), NumPy 2.4: the first 128 bytes.
const BY_NUMPY = Buffer.concat([
  Buffer.from('934e554d5059010076', 'hex'),
  Buffer.from([0]),
  Buffer.from(`{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.padEnd(117)),
  Buffer.from('\n'),
]);

function parse(bytes: Uint8Array): unknown {
  const { textOffset, textBytes } = parseNpyPreamble('x.npy', bytes.subarray(0, 12));
  return parseNpyText('x.npy', bytes.subarray(textOffset, textOffset + textBytes), textOffset);
}

describe('the npy header', () => {
  it("is read from NumPy's bytes", () => {
    expect(parse(BY_NUMPY)).toEqual({ rows: 3, dim: 4, stored: 'f32', dataOffset: 128 });
  });

  it("is written as NumPy's bytes", () => {
    expect(Buffer.from(encodeNpyHeader(3, 4, 'f32'))).toEqual(BY_NUMPY);
  });

  it.each(['f32', 'f16', 'u8', 'i8'] as const)('is 128 bytes for %s whatever the shape', (element) => {
    for (const [rows, dim] of [
      [1, 1],
      [Number.MAX_SAFE_INTEGER, 65536],
    ] as const) {
      const header = encodeNpyHeader(rows, dim, element);
      expect(header.length).toBe(128);
      expect(parse(header)).toEqual({ rows, dim, stored: element, dataOffset: 128 });
    }
  });

  it('takes either byte order mark for single bytes, which have none', () => {
    const text = (descr: string): Uint8Array => Buffer.from(`{'descr':'${descr}','fortran_order':False,'shape':(1,2)}`);
    for (const descr of ['|u1', '<u1', '>u1', '=u1']) {
      expect(parseNpyText('x.npy', text(descr), 10)).toMatchObject({ stored: 'u8' });
    }
  });
});
