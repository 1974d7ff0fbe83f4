import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { StoredElement, VectorFormat } from '../src/source/formats.js';
import { floatToHalf } from '../src/source/half.js';
import { arrowFile, hdf5File, parquetFile } from '../test/column-files.js';
import { runVerb } from '../test/run-verb.js';
import { encodeFile, temporaryFolder } from '../test/vector-files.js';
import { register } from './convert.js';

const folder = temporaryFolder();
const convert = (...argv: string[]): ReturnType<typeof runVerb> => runVerb(register, 'convert', ...argv);

const table = Array.from({ length: 10 }, (_, row) => [row, 10 * row, 100]);
let made = 0;

function make(format: VectorFormat, element: StoredElement, rows: number[][] = table): string {
  made += 1;
  return folder.file(`in-${made}.${format}`, encodeFile({ format, element, rows }));
}

const out = (format: string): string => folder.file(`out-${made}.${format}`);

/** Names of what stands in the folder that a failed conversion should not have left. */
const leftovers = (): string[] => readdirSync(folder.path).filter((name) => /^out-|\.tmp$/.test(name));

describe('convert', () => {
  it.each<[VectorFormat, StoredElement, VectorFormat, StoredElement]>([
    ['u8bin', 'u8', 'bvecs', 'u8'],
    ['bvecs', 'u8', 'npy', 'u8'],
    ['u8bin', 'u8', 'fvecs', 'f32'],
    ['i8bin', 'i8', 'fbin', 'f32'],
    ['npy', 'f64', 'npy', 'f32'],
    ['npy', 'f64', 'fvecs', 'f32'],
    ['fvecs', 'f32', 'fbin', 'f32'],
    ['ivecs', 'i32', 'ibin', 'i32'],
    ['ibin', 'i32', 'ivecs', 'i32'],
  ])('%s of %s to %s keeps the element or widens it to %s', async (from, element, to, written) => {
    const result = await convert(make(from, element), out(to));
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(readFileSync(out(to)).equals(encodeFile({ format: to, element: written, rows: table }))).toBe(true);
  });

  it('widens half floats and rounds to them, telling the largest error', async () => {
    const rows = [[1, 0.1, -2048.6]];
    const halves = [rows[0]?.map(floatToHalf) ?? []];
    const report = await convert(make('fvecs', 'f32', rows), out('npy'), '--element', 'f16', '--json');
    expect(readFileSync(out('npy')).equals(encodeFile({ format: 'npy', element: 'f16', rows: halves }))).toBe(true);
    expect(JSON.parse(report.stdout)).toEqual({
      rows: 1,
      dim: 3,
      element: { from: 'f32', to: 'f16' },
      format: { from: 'fvecs', to: 'npy' },
      bytes: 134,
      columns: { ids: false, payloads: false },
      largest_error: 0.600098,
    });
    await convert(out('npy'), out('fbin'));
    const widened = encodeFile({ format: 'fbin', element: 'f32', rows: [[1, 0.0999755859375, -2048]] });
    expect(readFileSync(out('fbin')).equals(widened)).toBe(true);
  });

  it('tells of the rounding in words too', async () => {
    const { stdout } = await convert(make('fvecs', 'f32', [[0.1]]), out('npy'), '--element', 'f16');
    expect(stdout).toMatch(/element +f32 to f16\n.*largest error +\S+ \(rounded to f16\)\n/s);
  });

  it('narrows f32 only when every value is whole and in range', async () => {
    expect(await convert(make('fvecs', 'f32'), out('u8bin'), '--element', 'u8')).toMatchObject({ exitCode: 0 });
    expect(readFileSync(out('u8bin')).equals(encodeFile({ format: 'u8bin', element: 'u8', rows: table }))).toBe(true);
    const result = await convert(make('fvecs', 'f32', [[1], [2.5]]), out('i8bin'), '--element', 'i8');
    expect(result).toMatchObject({ exitCode: 1, stdout: '' });
    expect(result.stderr).toMatch(/^error INVALID_ARGUMENT: .*row 1, column 0 is 2\.5, which i8 cannot hold/);
    expect(existsSync(out('i8bin'))).toBe(false);
  });

  it('wants --element where the format can neither keep nor widen', async () => {
    const result = await convert(make('fvecs', 'f32'), out('u8bin'));
    expect(result.stderr).toMatch(/^error INVALID_ARGUMENT: .*u8bin files cannot hold f32.*--element/);
    const wrong = await convert(make('fvecs', 'f32'), out('u8bin'), '--element', 'i8');
    expect(wrong.stderr).toMatch(/^error INVALID_ARGUMENT: .*u8bin files hold u8, not i8/);
    expect((await convert(make('fvecs', 'f32'), out('u8bin'), '--element', 'f8')).exitCode).toBe(2);
  });

  it.each([
    [
      ['--start', '4'],
      [4, 5, 6, 7, 8, 9],
    ],
    [
      ['--rows', '3'],
      [0, 1, 2],
    ],
    [
      ['--start', '2', '--rows', '5'],
      [2, 3, 4, 5, 6],
    ],
    [
      ['--every', '4'],
      [0, 4, 8],
    ],
    [
      ['--start', '1', '--rows', '8', '--every', '3'],
      [1, 4, 7],
    ],
    [['--every', '100'], [0]],
  ])('%j takes rows %j', async (argv, wanted) => {
    await convert(make('u8bin', 'u8'), out('bvecs'), ...argv);
    const rows = table.filter((_, row) => wanted.includes(row));
    expect(readFileSync(out('bvecs')).equals(encodeFile({ format: 'bvecs', element: 'u8', rows }))).toBe(true);
  });

  it.each(['--start 10', '--start 11', '--rows 11', '--start 5 --rows 6'])(
    'refuses rows that are not there: %s',
    async (argv) => {
      const result = await convert(make('u8bin', 'u8'), out('bvecs'), ...argv.split(' '));
      expect(result.stderr).toMatch(/^error INVALID_ARGUMENT: .*10 rows/);
      expect(existsSync(out('bvecs'))).toBe(false);
    },
  );

  it('replaces a file only with --force, even itself', async () => {
    const path = make('u8bin', 'u8');
    const refused = await convert(path, path, '--rows', '2');
    expect(refused.stderr).toMatch(/^error ALREADY_EXISTS: .*--force/);
    expect(await convert(path, path, '--rows', '2', '--force')).toMatchObject({ exitCode: 0 });
    expect(readFileSync(path).equals(encodeFile({ format: 'u8bin', element: 'u8', rows: table.slice(0, 2) }))).toBe(
      true,
    );
  });

  it('takes formats by name', async () => {
    const from = folder.file('plain', encodeFile({ format: 'u8bin', element: 'u8', rows: table }));
    const to = folder.file('plain-out');
    expect(await convert(from, to, '--format', 'u8bin', '--out-format', 'bvecs')).toMatchObject({ exitCode: 0 });
    expect(readFileSync(to).equals(encodeFile({ format: 'bvecs', element: 'u8', rows: table }))).toBe(true);
  });

  const rows = [
    [1, 2],
    [3, 4],
    [5, 6],
  ];
  const described = { vectors: rows, ids: [7n, 2n ** 64n - 1n, 9n], titles: ['a', null, 'c'], group: 2 };

  it.each<[string, () => Buffer | Promise<Buffer>]>([
    ['parquet', () => parquetFile(described)],
    ['arrow', () => arrowFile(described)],
    [
      'jsonl',
      () =>
        Buffer.from(
          rows.map((vector, at) => `{"id":${described.ids[at]},"vector":[${vector}],"title":"${at}"}`).join('\n'),
        ),
    ],
    [
      'hdf5',
      () => hdf5File(folder.file('made.hdf5'), { train: { data: Float32Array.from(rows.flat()), shape: [3, 2] } }),
    ],
    ['npy', () => encodeFile({ format: 'npy', element: 'f32', rows })],
  ])('writes %s as every format there is, with ids and payloads where both have columns', async (from, encode) => {
    const path = folder.file(`all.${from}`, await encode());
    const columns = ['parquet', 'arrow', 'jsonl'].includes(from);
    for (const to of ['fvecs', 'fbin', 'npy', 'parquet', 'jsonl', 'jsonl.gz']) {
      const written = folder.file(`all-${from}.${to}`);
      const result = await convert(path, written, '--json', '--force', '--every', '2');
      expect(result).toMatchObject({ exitCode: 0, stderr: '' });
      const goes = columns && (to === 'parquet' || to.startsWith('jsonl'));
      expect(JSON.parse(result.stdout)).toMatchObject({ rows: 2, dim: 2, columns: { ids: goes, payloads: goes } });
      const back = folder.file(`all-back-${from}-${to}.fvecs`);
      expect(await convert(written, back, '--force')).toMatchObject({ exitCode: 0 });
      expect(
        readFileSync(back).equals(
          encodeFile({
            format: 'fvecs',
            element: 'f32',
            rows: [
              [1, 2],
              [5, 6],
            ],
          }),
        ),
      ).toBe(true);
      if (to === 'jsonl' && goes)
        expect(readFileSync(written, 'utf8')).toMatch(
          /^{"id":7,"vector":\[1,2\],"payload":{"title":"[0a]"}}\n{"id":9,/,
        );
    }
    const refused = await convert(path, folder.file('all.arrow2'), '--out-format', 'arrow');
    expect(refused.stderr).toMatch(/^error INVALID_ARGUMENT: .*arrow files are read, not written/);
  });

  it('takes a column by option or after the name', async () => {
    const path = folder.file('two.jsonl', Buffer.from('{"a":[1,2],"b":[3]}\n'));
    expect((await convert(path, folder.file('two.fvecs'))).stderr).toMatch(/vectors can be a, b/);
    expect(await convert(`${path}#b`, folder.file('two-b.fvecs'))).toMatchObject({ exitCode: 0 });
    expect(await convert(path, folder.file('two-a.fvecs'), '--column', 'a')).toMatchObject({ exitCode: 0 });
    const both = encodeFile({ format: 'fvecs', element: 'f32', rows: [[3]] });
    expect(readFileSync(folder.file('two-b.fvecs')).equals(both)).toBe(true);
  });

  it('leaves nothing behind when the input is bad, wherever', async () => {
    const before = leftovers();
    const withNan = [...table];
    withNan[9] = [1, Number.NaN, 2];
    const bytes = encodeFile({ format: 'fvecs', element: 'f32', rows: table });
    bytes.writeInt32LE(2, 9 * 16);
    const cases: [string, RegExp][] = [
      [make('fvecs', 'f32', withNan), /^error NOT_FINITE: .*at byte 152: row 9, column 1 is NaN/],
      [folder.file('varying.fvecs', bytes), /^error BAD_VECTOR_FILE: .*at byte 144: row 9 says dimension 2/],
      [folder.file('short.fvecs', bytes.subarray(0, 150)), /^error BAD_VECTOR_FILE: .*at byte 144: the last row/],
      [folder.file('absent.fvecs'), /^error NOT_FOUND: /],
    ];
    for (const [path, says] of cases) {
      const result = await convert(path, out('fbin'));
      expect(result).toMatchObject({ exitCode: 1, stdout: '' });
      expect(result.stderr).toMatch(says);
    }
    expect(leftovers()).toEqual(before);
  });

  it('passes over a bad value in a row that is not taken', async () => {
    const rows = [[1], [Number.NaN], [3]];
    expect(await convert(make('fvecs', 'f32', rows), out('fbin'), '--every', '2')).toMatchObject({ exitCode: 0 });
    const result = await convert(make('fvecs', 'f32', [...rows, [Number.NaN]]), out('fbin'), '--every', '3');
    expect(result.stderr).toMatch(/row 3, column 0 is NaN/);
  });

  it('stops on Ctrl-C and leaves nothing behind', async () => {
    const before = leftovers();
    // 2^21 rows of 16: four windows.
    const header = Buffer.from([0, 0, 32, 0, 16, 0, 0, 0]);
    const large = folder.file('large.u8bin', Buffer.concat([header, Buffer.alloc(32 * 2 ** 20)]));
    setTimeout(() => process.emit('SIGINT'), 0);
    const result = await convert(large, out('bvecs'));
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toMatch(/stopping.*\nerror ABORTED: /s);
    expect(leftovers()).toEqual(before);
  });
});
