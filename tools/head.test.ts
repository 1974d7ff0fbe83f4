import { describe, expect, it } from 'vitest';
import { runVerb } from '../test/run-verb.js';
import { encodeFile, temporaryFolder } from '../test/vector-files.js';
import { register } from './head.js';

const folder = temporaryFolder();
const head = (...argv: string[]): ReturnType<typeof runVerb> => runVerb(register, 'head', ...argv);

describe('head', () => {
  const rows = Array.from({ length: 7 }, (_, row) => [row, row / 4, -row, 1, 2, 3, 4, 5, 6, 7]);
  const path = folder.file('x.npy', encodeFile({ format: 'npy', element: 'f64', rows }));

  it('prints what the file is and an aligned table of its first rows', async () => {
    const { exitCode, stdout, stderr } = await head(path, '--rows', '3', '--columns', '3');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout.replace(path, 'PATH')).toBe(
      [
        'file       PATH',
        'format     npy',
        'rows       7',
        'dimension  10',
        'element    f64, read as f32',
        'size       688 B',
        '',
        'row  0       1   2  7 more',
        '  0  0       0   0  ...',
        '  1  1  0.2500  -1  ...',
        '  2  2  0.5000  -2  ...',
        '',
      ].join('\n'),
    );
  });

  it('prints one JSON document', async () => {
    const { stdout } = await head(path, '--rows', '2', '--columns', '2', '--json');
    expect(JSON.parse(stdout)).toEqual({
      path,
      format: 'npy',
      rows: 7,
      dim: 10,
      element: 'f32',
      stored: 'f64',
      file_bytes: 688,
      first_rows: [
        [0, 0],
        [1, 0.25],
      ],
    });
  });

  it('shows half floats as numbers, ids as ids, and no more rows than there are', async () => {
    const halves = folder.file('h.npy', encodeFile({ format: 'npy', element: 'f16', rows: [[0x3c00, 0xc000]] }));
    expect(JSON.parse((await head(halves, '--json')).stdout)).toMatchObject({ element: 'f16', first_rows: [[1, -2]] });
    const ids = folder.file('i.ivecs', encodeFile({ format: 'ivecs', element: 'i32', rows: [[7, -1]] }));
    expect(JSON.parse((await head(ids, '--json')).stdout)).toMatchObject({ element: 'i32', first_rows: [[7, -1]] });
  });

  it('shows ids and payloads where the file has them', async () => {
    const text =
      '{"id":18446744073709551615,"vector":[0.5],"payload":{"n":9007199254740993}}\n{"id":"x","vector":[1]}\n';
    const file = folder.file('points.jsonl', Buffer.from(text));
    const { stdout } = await head(file);
    expect(stdout).toMatch(
      /^row +id +0 +payload\n +0 +18446744073709551615 +0\.5000 +{"n":"9007199254740993"}\n +1 +x +1$/m,
    );
    expect(JSON.parse((await head(file, '--json')).stdout)).toMatchObject({
      format: 'jsonl',
      first_ids: ['18446744073709551615', 'x'],
      first_payloads: [{ n: '9007199254740993' }, null],
    });
  });

  it('shows no table for --rows 0', async () => {
    expect((await head(path, '--rows', '0')).stdout).toMatch(/size +688 B\n$/);
  });

  it('takes a file without a telling name by --format', async () => {
    const path = folder.file('noname', encodeFile({ format: 'u8bin', element: 'u8', rows: [[9]] }));
    expect((await head(path)).stderr).toMatch(/^error INVALID_ARGUMENT: .*noname: no extension.*--format/);
    expect(JSON.parse((await head(path, '--format', 'u8bin', '--json')).stdout)).toMatchObject({ first_rows: [[9]] });
  });

  it('fails on one line for a bad file, and as wrong use without one', async () => {
    const bad = folder.file('bad.fvecs', Buffer.alloc(3));
    expect(await head(bad, '--json')).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `error BAD_VECTOR_FILE: ${bad}: at byte 3: the header is cut off: expected 4 bytes, found 3\n`,
    });
    expect((await head()).exitCode).toBe(2);
  });
});
