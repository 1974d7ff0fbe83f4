// Column files that are damaged or that are no vectors: each is refused in words that name the file and, where there is
// one, the row. Nothing but a VamanaError ever comes out, wherever a file ends and whatever byte of it is wrong.
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { arrowFile, type CellRow, hdf5File, parquetFile } from '../../test/column-files.js';
import { temporaryFolder } from '../../test/vector-files.js';
import { VamanaError } from '../errors.js';
import { requireFinite } from './finite.js';
import { type OpenVectorOptions, openVectorSource } from './vector-source.js';

const folder = temporaryFolder();
const ALL: OpenVectorOptions = { ids: true, payload: true };

/** Reads all there is. */
async function readAll(path: string, options = ALL): Promise<number> {
  const source = await openVectorSource(path, options);
  try {
    let rows = 0;
    for await (const window of source.windows()) {
      requireFinite(source, window);
      rows += window.rows;
    }
    return rows;
  } finally {
    source.close();
  }
}

async function failure(path: string, options = ALL): Promise<VamanaError> {
  const read = await readAll(path, options).catch((error: unknown) => error);
  if (typeof read === 'number') throw new Error(`${path} was read without complaint: ${read} rows`);
  expect(read).toBeInstanceOf(VamanaError);
  return read as VamanaError;
}

const good = {
  vectors: [
    [1, 2],
    [3, 4],
    [5, 6],
  ],
  ids: [1n, 2n, 3n],
  titles: ['a', null, 'c'],
  group: 2,
};

const wide = {
  vectors: Array.from({ length: 40 }, (_, row) => [row % 7, row % 5, row % 3]),
  ids: Array.from({ length: 40 }, (_, row) => BigInt(row) * 3n),
  titles: Array.from({ length: 40 }, (_, row) => (row % 9 === 0 ? null : `title ${row % 4}`)),
  group: 25,
};
const plain = { codec: 'UNCOMPRESSED', pageSize: 64 } as const;

const WHOLE: readonly [name: string, make: (path: string) => Buffer | Promise<Buffer>][] = [
  ['x.parquet', () => parquetFile(good)],
  ['plain.parquet', () => parquetFile(good, { codec: 'UNCOMPRESSED', pageSize: 16 })],
  [
    'deltas.parquet',
    () => parquetFile(wide, { element: { type: 'INT32' }, encoding: 'DELTA_BINARY_PACKED', ...plain }),
  ],
  ['entries.parquet', () => parquetFile(wide, { encoding: 'RLE_DICTIONARY', titles: 'RLE_DICTIONARY', ...plain })],
  ['prefixes.parquet', () => parquetFile(wide, { titles: 'DELTA_BYTE_ARRAY', ...plain })],
  ['x.arrow', () => arrowFile(good)],
  ['fixed.arrow', () => arrowFile(good, { list: 'fixed' })],
  ['stream.arrows', () => arrowFile(good, { kind: 'stream' })],
  ['x.hdf5', (path) => hdf5File(path, { train: { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] } })],
  [
    'chunks.h5',
    (path) => hdf5File(path, { train: { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2], chunks: [1, 2] } }),
  ],
];

describe.each(WHOLE)('%s', (name, make) => {
  it('that ends anywhere before its end is refused, naming it', async () => {
    const bytes = await make(folder.file(name));
    expect(await readAll(folder.file(name, bytes))).toBeGreaterThan(1);
    // A stream of Arrow without its end mark is one all the same, with the batches that are whole.
    const ends = new Set(name.endsWith('.arrows') ? messageEnds(bytes) : []);
    // Each try at an HDF5 file costs milliseconds; one of the two is cut everywhere.
    const step = name === 'chunks.h5' ? 11 : 1;
    for (let length = 0; length < bytes.length; length += step) {
      if (ends.has(length)) continue;
      const path = folder.file(`cut-${name}`, bytes.subarray(0, length));
      const error = await failure(path);
      expect(`${length}: ${error.code}`).toMatch(/BAD_VECTOR_FILE|INVALID_ARGUMENT/);
      expect(error.message).toContain(path);
    }
  }, 120_000);

  it('with a wrong byte anywhere is read, or refused', async () => {
    const bytes = await make(folder.file(name));
    const flips = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(flips, async (places) => {
        const damaged = Buffer.from(bytes);
        for (const [at, bits] of places) damaged.writeUInt8((damaged[at] as number) ^ bits, at);
        const path = folder.file(`damaged-${name}`, damaged);
        const read = await readAll(path).catch((error: unknown) => error);
        if (typeof read !== 'number') expect(read).toBeInstanceOf(VamanaError);
      }),
      { numRuns: Number(process.env.VAMANA_FLIPS ?? 300) },
    );
  }, 600_000);
});

// Where messages end, and the whole file before its mark.
function messageEnds(bytes: Buffer): number[] {
  const ends: number[] = [];
  for (let at = 0; at + 8 <= bytes.length; at += 8) if (bytes.readInt32LE(at) === -1) ends.push(at);
  return ends.slice(1);
}

const rows = (vectors: readonly CellRow[]) => ({ vectors, group: 2 });
const RAGGED = rows([
  [1, 2],
  [3, 4],
  [5, 6, 7],
  [8, 9],
]);
const SHORT = rows([[1, 2], [3, 4], [5]]);
const NULL = rows([[1, 2], [3, 4], null]);
const EMPTY = rows([[1, 2], [3, 4], [], [5, 6]]);
const NULL_ELEMENT = rows([
  [1, 2],
  [3, 4],
  [5, null],
]);
const NAN = rows([
  [1, 2],
  [3, Number.NaN],
]);

describe.each<[what: string, table: typeof RAGGED, says: RegExp]>([
  ['a longer row', RAGGED, /row 2: .*(3 elements|more than 2)/],
  ['a shorter row', SHORT, /row 2: .*(1 elements|has 5 elements)/],
  ['a row that is null', NULL, /row 2: .*null/],
  ['a row that is empty', EMPTY, /row 2: .*(null or empty|0 elements|no elements)/],
  ['an element that is null', NULL_ELEMENT, /row 2: .*element 1.*null|row 2: .*null as element 1/],
  ['NaN', NAN, /row 1, column 1 is NaN/],
])('%s is refused, naming the row', (what, table, says) => {
  const lines = table.vectors.map((vector) => JSON.stringify({ vector }).replace('[3,null]', '[3,1e999]'));
  const files: [string, () => Buffer][] = [
    ['parquet', () => parquetFile(table)],
    ['arrow', () => arrowFile(table)],
    ['jsonl', () => Buffer.from(lines.join('\n'))],
  ];
  it.each(files)('in %s', async (format, make) => {
    const path = folder.file(`${what}.${format}`, make());
    const error = await failure(path, {});
    expect(error.code).toBe(what === 'NaN' ? 'NOT_FINITE' : 'BAD_VECTOR_FILE');
    expect(error.message).toContain(path);
    expect(error.message).toMatch(format === 'jsonl' && what === 'NaN' ? /row 1, column 1 is Infinity/ : says);
  });
});

describe('what is no vector or no column', () => {
  it.each<[string, Buffer, OpenVectorOptions, RegExp]>([
    ['none.jsonl', Buffer.from('{"a":1}\n'), {}, /none of a holds lists of numbers/],
    ['two.jsonl', Buffer.from('{"a":[1],"b":[2]}\n'), {}, /not clear; vectors can be a, b; .*two\.jsonl#NAME/],
    ['absent.jsonl', Buffer.from('{"a":[1]}\n'), { column: 'b' }, /there is no b; vectors can be a/],
    ['text.jsonl', Buffer.from('{"a":[1],"t":"x"}\n'), { column: 't' }, /t holds no vectors/],
    ['id.jsonl', Buffer.from('{"a":[1]}\n'), { ids: 'key' }, /there is no key; it has a/],
    ['bare.jsonl', Buffer.from('[1]\n'), { column: 'a' }, /bare vectors; there is no member a/],
  ])('%s is told with what there is', async (name, bytes, options, says) => {
    const error = await failure(folder.file(name, bytes), options);
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toMatch(says);
  });

  it.each<[string, string, RegExp]>([
    ['no.jsonl', '{"vector":[1]}\n{"vector":[1}\n', /row 1: line 2 is no JSON/],
    ['scalar.jsonl', '7\n', /row 0: it is 7; expected an object/],
    ['text.jsonl', '{"vector":[1]}\n{"vector":"1"}\n', /row 1: its member vector is "1".*\(line 2\)/],
    ['bareword.jsonl', '[1]\n\n{"vector":[1]}', /row 1: the row is an object/],
    ['empty.jsonl', '\n \n', /no line in it/],
    ['id.jsonl', '{"id":1.5,"vector":[1]}\n', /row 0: found an id that is 1\.5/],
    ['payload.jsonl', '{"vector":[1],"payload":[1]}\n', /row 0: its payload is a list of 1/],
  ])('%s is refused by its line', async (name, text, says) => {
    const error = await failure(folder.file(`line-${name}`, Buffer.from(text)));
    expect(error.code).toBe('BAD_VECTOR_FILE');
    expect(error.message).toMatch(says);
  });

  it('lists datasets, columns and shapes that could be meant', async () => {
    const data = Float32Array.of(1, 2, 3, 4);
    const path = folder.file('two.hdf5');
    await hdf5File(path, { a: { data, shape: [2, 2] }, b: { data, shape: [4, 1] }, flat: { data, shape: [4] } });
    expect((await failure(path)).message).toMatch(/not clear; it has a, b; .*two\.hdf5#NAME/);
    expect((await failure(`${path}#flat`)).message).toMatch(/shape \(4\); expected two dimensions/);
    expect((await failure(`${path}#c`)).message).toMatch(/there is no dataset c; it has a, b, flat/);
    expect(await readAll(`${path}#b`)).toBe(4);
    const numbers = folder.file('large.parquet', parquetFile(rows([[2 ** 24 + 1]]), { element: { type: 'INT32' } }));
    expect((await failure(numbers)).message).toMatch(/row 0: element 0 is 16777217, which f32 cannot hold exactly/);
    const named = folder.file('named.parquet', parquetFile(rows([[1]]), { name: 'emb' }));
    expect(await readAll(named)).toBe(1);
    expect((await failure(`${named}#other`)).message).toMatch(/there is no other; vectors can be emb/);
    expect((await failure(folder.file('v1.feather', Buffer.from('FEA1    ')))).message).toMatch(/Feather version 1/);
  });

  it('says of a damaged HDF5 file why, on one line, and prints nothing', async () => {
    const bytes = await hdf5File(folder.file('w.hdf5'), { train: { data: Float32Array.of(1, 2), shape: [1, 2] } });
    const printed = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
    const error = await failure(folder.file('cut.hdf5', bytes.subarray(0, -1)));
    const none = await failure(folder.file('none.hdf5', Buffer.alloc(3000)));
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
    expect(error.message).toMatch(
      /cut\.hdf5: it cannot be opened as HDF5: truncated file: eof = .*; is the file whole\?$/,
    );
    expect(none.message).toMatch(/file signature not found/);
  });

  it('refuses columns of a flat format', async () => {
    const path = folder.file('flat.u8bin', Buffer.from([1, 0, 0, 0, 1, 0, 0, 0, 9]));
    expect((await failure(`${path}#x`)).message).toMatch(/u8bin files have no columns; leave x out/);
  });
});
