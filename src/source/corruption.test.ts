// Whatever happens to a vector file, reading it ends in a VamanaError or in the same bytes, never in a crash.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFile, temporaryFolder } from '../../test/vector-files.js';
import { VamanaError } from '../errors.js';
import { bytesOf, type VectorFormat } from './formats.js';
import { openVectorSource, readRows } from './vector-source.js';

const folder = temporaryFolder();

/** The rows' bytes, or the error. Anything but a VamanaError fails the test. */
async function read(path: string): Promise<Buffer | VamanaError> {
  try {
    const source = await openVectorSource(path);
    try {
      return Buffer.from(bytesOf(await readRows(source)));
    } finally {
      source.close();
    }
  } catch (error) {
    if (error instanceof VamanaError) return error;
    throw error;
  }
}

interface Case {
  /** Format, element, bytes of the header. */
  file: [VectorFormat, 'f32' | 'u8', number];
  rows: number;
  dim: number;
  npyVersion: number;
}

const cases: fc.Arbitrary<Case> = fc.record({
  file: fc.constantFrom<Case['file']>(
    ['fvecs', 'f32', 4],
    ['bvecs', 'u8', 4],
    ['fbin', 'f32', 8],
    ['u8bin', 'u8', 8],
    ['npy', 'f32', 128],
    ['npy', 'u8', 128],
  ),
  rows: fc.integer({ min: 1, max: 12 }),
  dim: fc.integer({ min: 1, max: 12 }),
  npyVersion: fc.integer({ min: 1, max: 3 }),
});

function make({ file: [format, element], rows, dim, npyVersion }: Case): Buffer {
  const table = Array.from({ length: rows }, (_, row) => Array.from({ length: dim }, (_, at) => (row * 13 + at) % 256));
  return encodeFile({ format, element, rows: table, npyVersion });
}

describe('a damaged file gives an error or the same rows', () => {
  it('cut anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(cases, fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), async (given, part) => {
        const bytes = make(given);
        const path = folder.file(`cut.${given.file[0]}`, bytes.subarray(0, Math.floor(part * bytes.length)));
        const result = await read(path);
        // Formats with a prefix say nowhere how many rows there are: cut between rows, they are shorter files.
        if (result instanceof VamanaError) expect(result.code).toBe('BAD_VECTOR_FILE');
        else expect(given.file[0]).toMatch(/vecs$/);
      }),
      { numRuns: 300 },
    );
  });

  it('with bytes of its header changed', async () => {
    const change = fc.record({ at: fc.nat(127), byte: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(cases, fc.array(change, { minLength: 1, maxLength: 3 }), async (given, changes) => {
        const bytes = make(given);
        const path = folder.file(`header.${given.file[0]}`, bytes);
        const whole = await read(path);
        for (const { at, byte } of changes) bytes[at % given.file[2]] = byte;
        folder.file(`header.${given.file[0]}`, bytes);
        const result = await read(path);
        // Formats with a prefix have no other header: a dimension whose rows happen to fill the file is a valid one.
        if (!(result instanceof VamanaError) && !/vecs$/.test(given.file[0])) expect(result).toEqual(whole);
      }),
      { numRuns: 600 },
    );
  });

  it('with bytes put in or appended', async () => {
    const extra = fc.uint8Array({ minLength: 1, maxLength: 16 });
    await fc.assert(
      fc.asyncProperty(cases, fc.nat(200), extra, async (given, at, inserted) => {
        const bytes = make(given);
        const where = Math.min(at, bytes.length);
        const path = folder.file(
          `more.${given.file[0]}`,
          Buffer.concat([bytes.subarray(0, where), inserted, bytes.subarray(where)]),
        );
        const result = await read(path);
        if (!(result instanceof VamanaError)) expect(given.file[0]).toMatch(/vecs$|npy/);
      }),
      { numRuns: 300 },
    );
  });

  it('of nothing but noise', async () => {
    const formats = fc.constantFrom('fvecs', 'bvecs', 'ivecs', 'fbin', 'u8bin', 'i8bin', 'ibin', 'npy');
    await fc.assert(
      fc.asyncProperty(formats, fc.uint8Array({ maxLength: 200 }), async (format, noise) => {
        await read(folder.file(`noise.${format}`, noise));
      }),
      { numRuns: 300 },
    );
  });
});
