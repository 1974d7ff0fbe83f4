// The verbs of collections against the bundled sample, as scripts use them.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { open } from '../src/index.js';
import { projectRoot } from '../tools/tree.js';
import { vamana, vamanaJson } from './vamana-command.js';
import { encodeFile, temporaryFolder } from './vector-files.js';

const sample = (name: string): string => join(projectRoot(), 'test', 'sample', name);
const folder = temporaryFolder();
const dataDir = folder.file('db');
const vectors = sample('gloss-4k.base.f16.npy');
const queries = sample('gloss-4k.query.f16.npy');
const at = (collection: string): string[] => ['--data-dir', dataDir, '--collection', collection];

async function failure(...argv: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await vamana(...argv);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  return stderr;
}

beforeAll(async () => {
  const payload = ['--payload', sample('gloss-4k.payload.jsonl.gz')];
  const report = await vamanaJson(
    'import',
    vectors,
    ...at('gloss'),
    '--metric',
    'cosine',
    '--degree',
    '16',
    ...payload,
  );
  expect(report).toMatchObject({ collection: 'gloss', rows: 4000, from: 0, imported: 4000, points: 4000 });
});

describe('vamana import', () => {
  it('takes ids from a file, and repeats without harm', async () => {
    const ids = folder.file(
      'ids.txt',
      Buffer.from(Array.from({ length: 4000 }, (_, row) => `${row + 10_000}\n`).join('')),
    );
    const args = ['import', sample('sift-4k.base.u8bin'), ...at('sift'), '--ids', ids, '--batch', '900'];
    expect(await vamanaJson(...args)).toMatchObject({ points: 4000 });
    expect(await vamanaJson(...args)).toMatchObject({ from: 0, imported: 4000, points: 4000 });
    const { points } = await vamanaJson(
      'query',
      ...at('sift'),
      '--vector-file',
      sample('sift-4k.base.u8bin'),
      '--row',
      '17',
      '--k',
      '1',
    );
    expect(points).toMatchObject([{ id: 10_017, distance: 0, payload: null }]);
    expect(await vamanaJson('status', ...at('sift'))).toMatchObject({
      config: { element: 'u8', dim: 128 },
      points: 4000,
    });
  });

  it('says what does not fit together', async () => {
    const short = folder.file('short.txt', Buffer.from('1\n2\n'));
    expect(await failure('import', vectors, ...at('gloss'), '--metric', 'dot')).toMatch(
      /INVALID_ARGUMENT: --metric dot: collection gloss stands and was made with cosine/,
    );
    expect(await failure('import', sample('sift-4k.base.u8bin'), ...at('gloss'))).toMatch(
      /dimension 128; .* dimension 256/,
    );
    expect(await failure('import', vectors, ...at('new'), '--ids', short)).toMatch(
      /short\.txt ends after 2 entries, but/,
    );
    const rows = [
      [1, 2],
      [3, 4],
    ];
    const tiny = folder.file('tiny.fvecs', encodeFile({ format: 'fvecs', element: 'f32', rows }));
    const bad = folder.file('bad.jsonl', Buffer.from('{"a": 1}\n[2]\n'));
    expect(await failure('import', tiny, ...at('tiny'), '--payload', bad)).toMatch(
      /bad\.jsonl: line 2 is no JSON object/,
    );
    const long = folder.file('long.jsonl', Buffer.from('{}\n\n{}\n'));
    expect(await failure('import', tiny, ...at('tiny'), '--payload', long)).toMatch(
      /long\.jsonl has more entries than the 2 rows/,
    );
    const words = folder.file('words.txt', Buffer.from('a\nb\n'));
    expect(await failure('import', tiny, ...at('tiny'), '--ids', words)).toMatch(
      /point id: found "a"; expected a whole number/,
    );
    expect(await vamanaJson('import', tiny, ...at('words'), '--ids', words, '--string-ids')).toMatchObject({
      points: 2,
    });
    expect(await failure('import', folder.file('none.npy'), ...at('gloss'))).toMatch(/^error NOT_FOUND: /);
    const ibin = folder.file('a.ibin', encodeFile({ format: 'ibin', element: 'i32', rows }));
    expect(await failure('import', ibin, ...at('ids'))).toMatch(/i32, which are ids and not vectors/);
  });
});

describe('vamana query', () => {
  it('prints ids, distances and payloads as a table', async () => {
    const { stdout } = await vamana('query', ...at('gloss'), '--vector-file', vectors, '--row', '5', '--k', '2');
    expect(stdout).toMatch(/^# +id +distance +payload\n1 +5 +\S+ +\{"offset":/);
    expect(stdout.split('\n')).toHaveLength(4);
  });

  it('finds the same by a scan, and says what is wrong', async () => {
    const arguments_ = [
      'query',
      ...at('gloss'),
      '--vector-file',
      queries,
      '--row',
      '3',
      '--k',
      '5',
      '--list-size',
      '200',
    ];
    const walked = await vamanaJson(...arguments_);
    const scanned = await vamanaJson(...arguments_, '--exact');
    expect(walked.points).toEqual(scanned.points);
    expect(await failure('query', ...at('gloss'), '--vector-file', queries, '--row', '100')).toMatch(
      /has rows 0 to 99/,
    );
    expect(await failure('query', ...at('none'), '--vector-file', queries)).toMatch(
      /NOT_FOUND: there is no collection none/,
    );
    const nowhere = folder.file('nowhere');
    expect(await failure('status', '--data-dir', nowhere, '--collection', 'a')).toMatch(
      /NOT_FOUND: there is no folder/,
    );
    expect(existsSync(nowhere)).toBe(false);
  });
});

describe('vamana flush, snapshot, restore, verify, inspect', () => {
  it('write, copy, bring back, check and show a collection', async () => {
    const flushed = await vamanaJson('flush', ...at('gloss'));
    expect(flushed).toMatchObject({ rows: 4000, segments: [{ number: 1, rows: 4000 }] });
    const out = folder.file('snapshot');
    const taken = await vamanaJson('snapshot', ...at('gloss'), '--out', out);
    expect(taken).toMatchObject({ name: 'gloss', points: 4000 });
    expect(Object.keys(taken)).toEqual(
      expect.arrayContaining(['bytes', 'linked_bytes', 'paused_ms', 'seq', 'seconds']),
    );
    expect(await failure('snapshot', ...at('gloss'), '--out', out)).toMatch(/^error ALREADY_EXISTS: /);
    expect(await failure('restore', ...at('gloss'), '--from', out)).toMatch(/^error ALREADY_EXISTS: /);
    expect(await vamanaJson('restore', ...at('again'), '--from', out)).toMatchObject({ points: 4000, seq: taken.seq });
    expect(await vamanaJson('restore', ...at('again'), '--from', out, '--replace')).toMatchObject({ points: 4000 });
    const asked = ['--vector-file', queries, '--k', '3'];
    const { points } = await vamanaJson('query', ...at('gloss'), ...asked);
    expect((await vamanaJson('query', ...at('again'), ...asked)).points).toEqual(points);

    expect(await vamanaJson('verify', out)).toMatchObject({ name: 'gloss', problems: [] });
    expect(await vamanaJson('verify', join(dataDir, 'collections', 'again'))).toMatchObject({
      segments: 1,
      points: 4000,
      problems: [],
    });
    expect((await vamanaJson('verify', dataDir)).again).toMatchObject({ problems: [] });
    expect(await vamanaJson('inspect', join(dataDir, 'collections', 'gloss'))).toMatchObject({
      segment_rows: 4000,
      config: { metric: 'cosine', degree: 16, build_list: 100 },
    });
    expect((await vamanaJson('inspect', dataDir)).gloss).toMatchObject({ segment_rows: 4000 });
    expect(await vamanaJson('inspect', out)).toMatchObject({ name: 'gloss', points: 4000 });
    expect(await vamanaJson('inspect', join(dataDir, 'collections', 'gloss', 'segments', '1'))).toMatchObject({
      rows: 4000,
    });
    for (const dir of [out, dataDir, join(dataDir, 'collections', 'gloss')]) {
      expect((await vamana('inspect', dir)).stdout).toMatch(/gloss|cosine/);
      expect((await vamana('verify', dir)).stdout).toMatch(/^problems +0$/m);
    }

    const [file = ''] = readdirSync(join(out, 'segments', '1'));
    const damaged = folder.file('damaged');
    cpSync(out, damaged, { recursive: true });
    flip(join(damaged, 'segments', '1', file));
    expect(await failure('restore', ...at('gloss'), '--from', damaged, '--replace')).toMatch(
      /^error CORRUPT: .*nothing was changed/,
    );
    const verified = await vamana('verify', damaged);
    expect(verified).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^error CORRUPT: .*1 problem; the first: /),
    });
  });
});

describe('vamana recover', () => {
  it('tells what a log came to, and salvages a damaged one', async () => {
    const rows = Array.from({ length: 60 }, (_, row) => [row, row % 7]);
    const file = folder.file('small.fvecs', encodeFile({ format: 'fvecs', element: 'f32', rows }));
    await vamanaJson('import', file, ...at('small'), '--batch', '10');
    expect(await vamanaJson('recover', ...at('small'))).toMatchObject({
      points: 60,
      seq: 6,
      replayed: 6,
      cut_bytes: 0,
      salvage: null,
    });
    const wal = join(dataDir, 'collections', 'small', 'wal');
    const [log = ''] = readdirSync(wal);
    const bytes = readFileSync(join(wal, log));
    const second = 64 + 36 + bytes.readUInt32LE(68);
    bytes[second + 50] = (bytes[second + 50] ?? 0) ^ 1;
    writeFileSync(join(wal, log), bytes);
    expect(await failure('recover', ...at('small'))).toMatch(
      /^error CORRUPT: .*\.wal: at byte \d+: .*vamana recover --salvage/,
    );
    const { exitCode, stdout } = await vamana('recover', ...at('small'), '--salvage');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^points +50$/m);
    expect(stdout).toMatch(/^ {2}lost +.*\.wal: bytes \d+ to \d+: no valid record$/m);
    expect(stdout).toMatch(/^ {2}lost +batch 2$/m);
    expect(stdout).toMatch(/^points lost +10$/m);
    const kept = /^kept in +(\S+)$/m.exec(stdout)?.[1] ?? '';
    expect(readFileSync(join(kept, log))).toEqual(bytes);
    expect(await vamanaJson('recover', ...at('small'), '--salvage')).toMatchObject({
      points: 50,
      salvage: { problem: null },
    });
    expect(await vamanaJson('verify', join(dataDir, 'collections', 'small'))).toMatchObject({ problems: [] });
    expect(await vamanaJson('import', file, ...at('small'))).toMatchObject({ from: 0, points: 60 });
  });
});

describe('vamana collections', () => {
  it('makes, lists and drops them', async () => {
    const options = ['--dim', '3', '--metric', 'dot', '--string-ids'];
    expect(await vamanaJson('collections', 'create', ...at('made'), ...options)).toMatchObject({
      collection: 'made',
      config: { dim: 3, metric: 'dot', string_ids: true, degree: 24 },
    });
    expect(await failure('collections', 'create', ...at('made'), '--dim', '3')).toMatch(/^error ALREADY_EXISTS: /);
    expect(await vamanaJson('collections', 'list', '--data-dir', dataDir)).toHaveProperty('made.config.dim', 3);
    expect((await vamana('collections', 'list', '--data-dir', dataDir)).stdout).toMatch(/^made +3 +f32 +dot +0 +0 /m);
    expect(await vamanaJson('collections', 'drop', ...at('made'))).toEqual({ collection: 'made', dropped: true });
    expect(await failure('collections', 'drop', ...at('made'))).toMatch(/^error NOT_FOUND: /);
    expect(await vamanaJson('collections', 'list', '--data-dir', dataDir)).not.toHaveProperty('made');
  });
});

describe('every verb that opens a database', () => {
  it('is refused while another process holds it', async () => {
    const held = await open(dataDir, { url: 'http://localhost:1' });
    const command = join(projectRoot(), 'dist', 'tools', 'vamana.js');
    const verbs = [
      ['status', ...at('gloss')],
      ['flush', ...at('gloss')],
      ['verify', dataDir],
      ['verify', join(dataDir, 'collections', 'gloss')],
      ['recover', ...at('gloss'), '--salvage'],
    ];
    for (const verb of verbs) {
      try {
        execFileSync(process.execPath, [command, ...verb], { encoding: 'utf8', stdio: 'pipe' });
        expect.unreachable(verb.join(' '));
      } catch (error) {
        expect(error).toMatchObject({
          status: 1,
          stderr: expect.stringMatching(
            new RegExp(`^error LOCKED: .*process ${process.pid}, which serves http://localhost:1`),
          ),
        });
      }
    }
    await held.close();
  });
});

function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[5000] = (bytes[5000] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}
