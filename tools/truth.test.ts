// The verb around a scan written out in JavaScript: what the addon is given, what is written, how it fails.
import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { NativeElement, NativeExactScan, NativeMetric } from '../src/binding.js';
import { VamanaError } from '../src/errors.js';
import { createVectorData } from '../src/source/formats.js';
import { floatToHalf, halvesToFloats } from '../src/source/half.js';
import { readIds } from '../src/source/ids.js';
import { openVectorSource, readRows } from '../src/source/vector-source.js';
import { runVerb } from '../test/run-verb.js';
import { encodeFile, temporaryFolder } from '../test/vector-files.js';
import { register, type ScanAddon, windowBytes } from './truth.js';

const folder = temporaryFolder();

interface Seen {
  element?: NativeElement;
  metric?: NativeMetric;
  threads?: number;
  windows: [firstRow: number, rows: number][];
  closed: number;
  pending: number;
}

function numbers(element: NativeElement, bytes: Uint8Array): ArrayLike<number> {
  const length = bytes.length / createVectorData(element, 0).BYTES_PER_ELEMENT;
  const data = createVectorData(element, length, new Uint8Array(bytes).buffer);
  return element === 'f16' ? halvesToFloats(data as Uint16Array) : data;
}

/** Squared Euclidean distances only; `failAt` makes add() fail for the window with that first row. */
function naiveAddon(seen: Seen, failAt = -1): ScanAddon {
  return {
    constants: { maxRows: 0xffffffff },
    createExactScan(metric, element, dim, queryBytes, count, k, threads): NativeExactScan {
      Object.assign(seen, { metric, element, threads });
      const queries = numbers(element, queryBytes);
      const found: [distance: number, row: number][][] = Array.from({ length: count }, () => []);
      return {
        async add(vectors, rows, firstRow) {
          expect(seen.pending).toBe(0);
          seen.pending += 1;
          await new Promise((resolve) => setTimeout(resolve, 2));
          seen.pending -= 1;
          if (firstRow === failAt) throw new VamanaError('IO', 'the scan failed');
          seen.windows.push([firstRow, rows]);
          const values = numbers(element, vectors);
          expect(values.length).toBe(rows * dim);
          for (const [query, list] of found.entries()) {
            for (let row = 0; row < rows; row += 1) {
              let sum = 0;
              for (let at = 0; at < dim; at += 1) {
                sum += ((queries[query * dim + at] ?? 0) - (values[row * dim + at] ?? 0)) ** 2;
              }
              list.push([sum, firstRow + row]);
            }
            list.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
            list.length = Math.min(list.length, k);
          }
        },
        result: () => ({
          rows: Uint32Array.from(found.flat(), ([, row]) => row),
          distances: Float32Array.from(found.flat(), ([distance]) => distance),
        }),
        close() {
          expect(seen.pending).toBe(0);
          seen.closed += 1;
        },
      };
    },
  };
}

function truth(argv: string[], failAt?: number): Promise<Awaited<ReturnType<typeof runVerb>> & { seen: Seen }> {
  const seen: Seen = { windows: [], closed: 0, pending: 0 };
  const load = (): ScanAddon => naiveAddon(seen, failAt);
  return runVerb((program) => register(program, load), 'truth', ...argv).then((result) => ({ ...result, seen }));
}

const rows = [
  [0, 0],
  [3, 4],
  [1, 0],
  [0, 1],
];
const queries = [
  [0, 0],
  [3, 3],
];
const wanted = [0, 2, 3, 1, 2, 3];
const data = folder.file('data.u8bin', encodeFile({ format: 'u8bin', element: 'u8', rows }));
const queryFile = folder.file('queries.bvecs', encodeFile({ format: 'bvecs', element: 'u8', rows: queries }));

describe('truth', () => {
  it.each(['ivecs', 'ibin'])('writes ids ascending by distance, then row, as .%s', async (format) => {
    const out = folder.file(`gt.${format}`);
    const argv = ['--data', data, '--queries', queryFile, '--k', '3', '--out', out, '--threads', '3', '--json'];
    const { exitCode, stdout, stderr, seen } = await truth(argv);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ rows: 4, dim: 2, element: 'u8', metric: 'l2', queries: 2, k: 3, out });
    expect(seen).toEqual({ element: 'u8', metric: 'l2', threads: 3, windows: [[0, 4]], closed: 1, pending: 0 });
    const ids = await readIds(out);
    expect(ids).toEqual({ rows: 2, k: 3, ids: Uint32Array.from(wanted) });
  });

  it('also writes the distances', async () => {
    const [out, distances] = [folder.file('d.ivecs'), folder.file('d.fvecs')];
    const argv = ['--data', data, '--queries', queryFile, '--k', '3', '--out', out, '--distances', distances];
    const { stdout } = await truth(argv);
    expect(stdout).toMatch(/written +.*d\.ivecs\ndistances +.*d\.fvecs\n/);
    const source = await openVectorSource(distances);
    expect(Array.from(await readRows(source))).toEqual([0, 1, 1, 1, 13, 13]);
    source.close();
  });

  it('streams the data in windows, one at a time', async () => {
    const many = Buffer.alloc(8 + 20 * 2 ** 20);
    many.set([20, 0, 0, 0, 0, 0, 1, 0].map((byte, at) => (at === 0 ? 64 : at === 1 ? 1 : byte)));
    const wide = folder.file('wide.u8bin', many);
    const query = folder.file('wide.bvecs', Buffer.concat([Buffer.from([0, 0, 1, 0]), Buffer.alloc(65536)]));
    const argv = ['--data', wide, '--queries', query, '--k', '2', '--out', folder.file('w.ivecs')];
    const { exitCode, seen } = await truth(argv);
    expect(exitCode).toBe(0);
    expect(seen.windows).toEqual([
      [0, 128],
      [128, 128],
      [256, 64],
    ]);
  });

  it('makes windows smaller when there are many queries, and never less than a row', () => {
    const shape = { dim: 128, stride: 132 };
    expect(windowBytes(shape, 100)).toBe(8 * 2 ** 20);
    expect(windowBytes(shape, 10_000)).toBe(13_421 * 132);
    expect(windowBytes(shape, 1e9)).toBe(132);
  });

  it('keeps f16 when both are, and widens both to f32 when they differ', async () => {
    const half = rows.map((row) => row.map(floatToHalf));
    const halves = folder.file('half.npy', encodeFile({ format: 'npy', element: 'f16', rows: half }));
    const asked = queries.map((row) => row.map(floatToHalf));
    const halfQueries = folder.file('half-q.npy', encodeFile({ format: 'npy', element: 'f16', rows: asked }));
    for (const [from, to, element] of [
      [halves, halfQueries, 'f16'],
      [halves, queryFile, 'f32'],
      [data, halfQueries, 'f32'],
    ] as const) {
      const out = folder.file(`mixed-${element}.ivecs`);
      const { seen } = await truth(['--data', from, '--queries', to, '--k', '3', '--out', out, '--force']);
      expect(seen.element).toBe(element);
      expect(Array.from((await readIds(out)).ids)).toEqual(wanted);
    }
  });

  const wide = folder.file('other.fvecs', encodeFile({ format: 'fvecs', element: 'f32', rows: [[1, 2, 3]] }));
  const ids = folder.file('ids.ivecs', encodeFile({ format: 'ivecs', element: 'i32', rows }));
  const nan = folder.file(
    'nan.fvecs',
    encodeFile({
      format: 'fvecs',
      element: 'f32',
      rows: [
        [1, 2],
        [Number.NaN, 1],
      ],
    }),
  );

  it.each<[string, string[], RegExp]>([
    ['queries of another dimension', ['--queries', wide], /INVALID_ARGUMENT: .*other\.fvecs has dimension 3.* has 2/],
    ['more neighbours than rows', ['--k', '5'], /INVALID_ARGUMENT: --k 5: .*data\.u8bin has only 4 rows/],
    ['ids as data', ['--data', ids], /INVALID_ARGUMENT: .*ids\.ivecs holds i32/],
    ['ids as queries', ['--queries', ids], /INVALID_ARGUMENT: .*ids\.ivecs holds i32/],
    ['NaN in the data', ['--data', nan, '--k', '1'], /NOT_FINITE: .*nan\.fvecs: at byte 16: row 1, column 0/],
    ['NaN in the queries', ['--queries', nan], /NOT_FINITE: .*nan\.fvecs: at byte 16: row 1, column 0/],
    [
      'an output that holds no ids',
      ['--out', folder.file('bad.fvecs')],
      /INVALID_ARGUMENT: .*fvecs files hold f32, not i32/,
    ],
    ['an output that exists', ['--out', ids], /ALREADY_EXISTS: .*ids\.ivecs/],
    ['distances that exist', ['--distances', wide], /ALREADY_EXISTS: .*other\.fvecs/],
    ['distances in the place of ids', ['--distances', folder.file('bad.ivecs')], /ivecs files hold i32, not f32/],
    ['data that is absent', ['--data', folder.file('absent.npy')], /NOT_FOUND: .*absent\.npy/],
  ])('fails for %s and leaves nothing behind', async (_what, argv, says) => {
    const before = readdirSync(folder.path);
    const base = ['--data', data, '--queries', queryFile, '--k', '2', '--out', folder.file('bad.ibin')];
    const { exitCode, stdout, stderr, seen } = await truth([...base, ...argv]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(says);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(seen.closed).toBe(seen.element === undefined ? 0 : 1);
    expect(readdirSync(folder.path)).toEqual(before);
  });

  it('fails when the scan does, after waiting for it', async () => {
    const out = folder.file('failed.ivecs');
    const { stderr, seen } = await truth(['--data', data, '--queries', queryFile, '--k', '2', '--out', out], 0);
    expect(stderr).toMatch(/^error IO: the scan failed\n$/);
    expect(seen).toMatchObject({ closed: 1, pending: 0 });
    expect(existsSync(out)).toBe(false);
  });

  it('is wrong use without its files or with an unknown metric', async () => {
    expect((await truth(['--data', data])).exitCode).toBe(2);
    const same = ['--data', data, '--queries', queryFile, '--out', 'x.ibin', '--distances', './x.ibin'];
    expect((await truth(same)).stderr).toMatch(/^error USAGE: --out and --distances name the same file/);
    const argv = ['--data', data, '--queries', queryFile, '--out', 'x.ivecs', '--metric', 'hamming'];
    expect((await truth(argv)).stderr).toMatch(/^error USAGE: .*l2, cosine, dot, l1/);
  });
});
