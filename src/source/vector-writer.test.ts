import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { encodeFile, temporaryFolder } from '../../test/vector-files.js';
import { createVectorData, formatTraits, isColumnFormat, type VectorData, vectorFormats } from './formats.js';
import { openVectorSource, readRows } from './vector-source.js';
import { createVectorWriter } from './vector-writer.js';

const folder = temporaryFolder();

// Column formats are column-formats.test.ts.
const PAIRS = vectorFormats
  .filter((format) => !isColumnFormat(format))
  .flatMap((format) => formatTraits(format).elements.map((element) => ({ format, element })));

function dataOf(element: (typeof PAIRS)[number]['element'], values: readonly number[]): VectorData {
  const data = createVectorData(element, values.length);
  data.set(values);
  return data;
}

describe.each(PAIRS)('$format of $element', ({ format, element }) => {
  it('gives back what was written, whatever the blocks', async () => {
    const scenario = fc.integer({ min: 1, max: 7 }).chain((dim) =>
      fc.record({
        dim: fc.constant(dim),
        blocks: fc
          .array(fc.array(fc.nat(127), { minLength: dim, maxLength: dim }), { minLength: 1, maxLength: 20 })
          .chain((rows) =>
            fc.array(fc.nat(rows.length), { maxLength: 4 }).map((cuts) => {
              const ends = [...cuts, rows.length].sort((a, b) => a - b);
              return ends.map((end, at) => rows.slice(ends[at - 1] ?? 0, end));
            }),
          ),
      }),
    );
    await fc.assert(
      fc.asyncProperty(scenario, async ({ dim, blocks }) => {
        const path = folder.file(`round.${format}`);
        const writer = await createVectorWriter(path, { dim, element, force: true });
        for (const block of blocks) await writer.write(dataOf(element, block.flat()));
        const rows = blocks.flat();
        const bytes = encodeFile({ format, element, rows });
        expect(await writer.finish()).toEqual({ rows: rows.length, bytes: bytes.length });
        expect(readFileSync(path).equals(bytes)).toBe(true);
        const source = await openVectorSource(path);
        expect(source).toMatchObject({ rows: rows.length, dim, element });
        expect(Array.from(await readRows(source))).toEqual(rows.flat());
        source.close();
      }),
      { numRuns: 15 },
    );
  });
});

it('keeps every value of f32, f16 and i8 bit by bit', async () => {
  const f32 = Float32Array.of(-0, 1e-45, 3.4028234663852886e38, Number.NaN, Number.NEGATIVE_INFINITY);
  const f16 = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
  const i8 = Int8Array.from({ length: 256 }, (_, at) => at - 128);
  for (const [name, element, data] of [
    ['bits.fvecs', 'f32', f32],
    ['bits.npy', 'f16', f16],
    ['bits.i8bin', 'i8', i8],
  ] as const) {
    const path = folder.file(name);
    const writer = await createVectorWriter(path, { dim: data.length, element });
    await writer.write(data);
    await writer.finish();
    const source = await openVectorSource(path);
    expect(await readRows(source)).toEqual(data);
    source.close();
  }
});

it('writes prefixed rows in blocks when given many at once', async () => {
  const path = folder.file('large.bvecs');
  const data = Uint8Array.from({ length: 10 * 2 ** 20 }, (_, at) => at % 251);
  const writer = await createVectorWriter(path, { dim: 1024, element: 'u8' });
  await writer.write(data);
  await writer.finish();
  const source = await openVectorSource(path);
  expect(Buffer.from((await readRows(source)) as Uint8Array).equals(data)).toBe(true);
  source.close();
});

describe('the file', () => {
  let at = 0;
  let path = '';
  const left = (): string[] => readdirSync(folder.file(`case-${at}`));

  beforeEach(() => {
    at += 1;
    mkdirSync(folder.file(`case-${at}`));
    path = folder.file(`case-${at}/x.u8bin`);
  });

  it('has its name only when finished', async () => {
    const writer = await createVectorWriter(path, { dim: 2, element: 'u8' });
    await writer.write(Uint8Array.of(1, 2));
    expect(existsSync(path)).toBe(false);
    expect(left()).toHaveLength(1);
    await writer.finish();
    expect(left()).toEqual(['x.u8bin']);
    await writer.abort();
    expect(left()).toEqual(['x.u8bin']);
  });

  it('is gone after abort(), which may be called again', async () => {
    const writer = await createVectorWriter(path, { dim: 2, element: 'u8' });
    await writer.write(Uint8Array.of(1, 2));
    await writer.abort();
    await writer.abort();
    expect(left()).toEqual([]);
    await expect(writer.write(Uint8Array.of(1, 2))).rejects.toMatchObject({ code: 'IO' });
  });

  it('is gone after a failed write', async () => {
    for (const wrong of [Int8Array.of(1, 2), Uint8Array.of(1, 2, 3)]) {
      const writer = await createVectorWriter(path, { dim: 2, element: 'u8' });
      await expect(writer.write(wrong)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      expect(left()).toEqual([]);
    }
  });

  it('is gone when it has no rows, or not as many as promised', async () => {
    const empty = await createVectorWriter(path, { dim: 2, element: 'u8' });
    await expect(empty.finish()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    const short = await createVectorWriter(path, { dim: 2, element: 'u8', rows: 3 });
    await short.write(Uint8Array.of(1, 2));
    await expect(short.finish()).rejects.toThrow(/1 rows were written, expected 3/);
    expect(left()).toEqual([]);
  });

  it('does not replace another unless forced', async () => {
    writeFileSync(path, 'mine');
    await expect(createVectorWriter(path, { dim: 1, element: 'u8' })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(readFileSync(path, 'utf8')).toBe('mine');
    const writer = await createVectorWriter(path, { dim: 1, element: 'u8', force: true });
    await writer.write(Uint8Array.of(9));
    expect(readFileSync(path, 'utf8')).toBe('mine');
    await writer.finish();
    expect([...readFileSync(path)]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 9]);
    expect(left()).toEqual(['x.u8bin']);
  });

  it('does not replace one that appeared meanwhile', async () => {
    const writer = await createVectorWriter(path, { dim: 1, element: 'u8' });
    await writer.write(Uint8Array.of(9));
    writeFileSync(path, 'mine');
    await expect(writer.finish()).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(readFileSync(path, 'utf8')).toBe('mine');
    expect(left()).toEqual(['x.u8bin']);
  });

  it('replaces what a symbolic link names and keeps the link', async () => {
    const link = folder.file(`case-${at}/link.u8bin`);
    writeFileSync(path, 'mine');
    symlinkSync(path, link);
    const writer = await createVectorWriter(link, { dim: 1, element: 'u8', force: true });
    await writer.write(Uint8Array.of(9));
    await writer.finish();
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(path)).toHaveLength(9);
  });

  it.each<[string, () => string, Partial<Parameters<typeof createVectorWriter>[1]>, string, RegExp]>([
    ['in a folder that is not there', () => `${path}/../no/x.u8bin`, {}, 'NOT_FOUND', /no such file/],
    ['over a folder', () => folder.file(`case-${at}`), { format: 'u8bin', force: true }, 'INVALID_ARGUMENT', /regular/],
    ['of an unknown format', () => `${path}.txt`, {}, 'INVALID_ARGUMENT', /\.txt/],
    ['of an element the format has not', () => path, { element: 'f32' }, 'INVALID_ARGUMENT', /u8bin files hold u8/],
    ['of dimension zero', () => path, { dim: 0 }, 'INVALID_ARGUMENT', /dimension 0/],
    ['of an absurd dimension', () => path, { dim: 65537 }, 'INVALID_ARGUMENT', /dimension 65537/],
    ['of more rows than its header can say', () => path, { rows: 2 ** 32 }, 'INVALID_ARGUMENT', /at most 4294967295/],
  ])('is not made %s', async (_what, target, options, code, says) => {
    const made = createVectorWriter(target(), { dim: 2, element: 'u8', ...options });
    await expect(made).rejects.toMatchObject({ code, message: expect.stringMatching(says) });
    expect(left()).toEqual([]);
  });
});
