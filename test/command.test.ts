// The command against the bundled sample, verb after verb, as scripts use it: JSON documents with the promised
// names, exit codes, one line for a failure. Needs the addon.
import { appendFileSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Option } from 'commander';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadNative } from '../src/binding.js';
import { readIds } from '../src/source/ids.js';
import { projectRoot } from '../tools/tree.js';
import { createVamana } from '../tools/verbs.js';
import type { VerbResult } from './run-verb.js';
import { vamana, vamanaJson } from './vamana-command.js';
import { encodeFile, temporaryFolder } from './vector-files.js';

const sample = (name: string): string => join(projectRoot(), 'test', 'sample', name);
const folder = temporaryFolder();
const index = folder.file('sift');
const base = sample('sift-4k.base.u8bin');
const queries = sample('sift-4k.query.u8bin');
const truth = sample('sift-4k.gt100.ivecs');
const searchArguments = ['--index', index, '--queries', queries, '--truth', truth];

let built: VerbResult;

beforeAll(async () => {
  built = await vamana('build', '--data', base, '--index', index, '--degree', '24', '--build-list', '40', '--json');
});

describe('vamana build', () => {
  it('prints one document, and the plan on the other stream', () => {
    expect(built.exitCode).toBe(0);
    const report = JSON.parse(built.stdout) as Record<string, unknown>;
    expect(report).toMatchObject({ rows: 4000, dim: 128, unreachable: 0 });
    expect(Object.keys(report.seconds as object).sort()).toEqual([
      'graph',
      'read',
      'reorder',
      'total',
      'train',
      'write',
    ]);
    expect(Object.keys(report.files as object).sort()).toEqual(['codes', 'graph', 'rows', 'vectors']);
    for (const name of ['rss_peak', 'degree_mean', 'bits_per_edge']) expect(report[name]).toBeGreaterThan(0);
    for (const part of ['vectors', 'graph', 'codes', 'buffers', 'process', 'total', 'limit']) {
      expect(built.stderr).toMatch(new RegExp(`^${part} `, 'm'));
    }
  });

  it('has the defaults of the engine', () => {
    const { defaults } = loadNative().constants;
    const described = (verb: string, name: string): Option | undefined =>
      createVamana()
        .commands.find((command) => command.name() === verb)
        ?.options.find((one) => one.long === name);
    const option = (verb: string, name: string): unknown => described(verb, name)?.defaultValue;
    expect(option('build', '--degree')).toBe(defaults.degree);
    expect(option('build', '--build-list')).toBe(defaults.buildList);
    expect(option('build', '--alpha')).toBeCloseTo(defaults.alpha);
    expect(option('build', '--code-bytes')).toBe(defaults.codeBytes);
    expect(described('search', '--list-size')?.description).toMatch(new RegExp(`else ${defaults.listSize}$`));
    expect(option('search', '--k')).toBe(defaults.k);
  });

  it('refuses to build over an index, and to fit too much in too little', async () => {
    const again = await vamana('build', '--data', base, '--index', index);
    expect(again).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/^error ALREADY_EXISTS: .*\n$/) });
    const small = await vamana('build', '--data', base, '--index', folder.file('small'), '--memory-limit', '1MB');
    expect(small).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/^error MEMORY_LIMIT: .*\n$/) });
  });

  it('leaves nothing behind when it is interrupted', async () => {
    const before = readdirSync(folder.path);
    const interrupted = vamana('build', '--data', base, '--index', folder.file('half'), '--json');
    // The plan is computed first; by then the verb listens.
    await new Promise((resolve) => setTimeout(resolve, 100));
    process.emit('SIGINT', 'SIGINT');
    expect(await interrupted).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringContaining('error ABORTED: '),
    });
    expect(readdirSync(folder.path)).toEqual(before);
  });
});

describe('vamana plan', () => {
  it('says what fits, by part, and how it would be built', async () => {
    const document = await vamanaJson('plan', '--rows', '1e6', '--dim', '128', '--element', 'u8', '--memory', '300MB');
    expect(document).toMatchObject({
      shape: { degree: 24, code_bytes: 68, fits: true, reads: { at95: 11.64 } },
      build: { plan: { order: 'partitions' }, problem: null },
    });
    const { memory } = document.shape as { memory: Record<string, number> };
    const { graph = 0, codes = 0, cache = 0, process: own = 0, total } = memory;
    expect(graph + codes + cache + own).toBe(total);
    const large = await vamana('plan', '--rows', '1e9', '--dim', '96', '--memory', '16GB');
    expect(large.stdout).toMatch(/^fits +no$/m);
    expect(large.stdout).toMatch(/^build +not in that memory: .*least possible/m);
  });

  it('refuses nonsense', async () => {
    for (const [rows, dim, memory] of [
      ['5e9', '96', '64GB'],
      ['1e6', '70000', '64GB'],
      ['1e6', '96', '1MB'],
    ] as const) {
      const refused = await vamana('plan', '--rows', rows, '--dim', dim, '--memory', memory);
      expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/^error INVALID_ARGUMENT: /) });
    }
    expect(await vamana('plan', '--rows', '0', '--dim', '9', '--memory', '1GB')).toMatchObject({ exitCode: 2 });
  });
});

describe('vamana search', () => {
  it('prints the document that scripts rely on', async () => {
    const document = await vamanaJson('search', ...searchArguments, '--io', 'pread');
    expect(document).toMatchObject({
      index: { rows: 4000, dim: 128, metric: 'l2', element: 'u8', code: expect.stringMatching(/^(pq68x8|rabitq4)$/) },
      params: {
        k: 10,
        list_size: 64,
        rerank: 'auto',
        exact: false,
        scores: 'exact',
        io: 'pread',
        threads: 1,
        cache_bytes: 64e6,
      },
      queries: 100,
    });
    expect(Object.keys(document.latency_us as object)).toEqual(['mean', 'p50', 'p95', 'p99', 'p999']);
    const memory = document.memory_bytes as Record<string, number>;
    expect(Object.keys(memory)).toEqual(['graph', 'codes', 'cache', 'other', 'rss_peak', 'anonymous', 'mapped']);
    expect(memory.rss_peak).toBeGreaterThanOrEqual(memory.anonymous ?? Number.NaN);
    const cost = document.per_query as Record<string, number>;
    expect(cost.read_bytes).toBeCloseTo(4096 * (cost.reads ?? Number.NaN), 0);
    expect(cost.reranked).toBeGreaterThanOrEqual(10);
    expect(cost.reranked).toBeLessThan(64);
    expect(document.recall_at_k).toBeGreaterThan(0.9);
    expect(document.qps).toBeGreaterThan(0);
  });

  it('reads more without a page cache, and finds the same', async () => {
    const cached = await vamanaJson('search', ...searchArguments);
    const bare = await vamanaJson('search', ...searchArguments, '--cache', '0');
    const cost = (document: Record<string, unknown>): Record<string, number> =>
      document.per_query as Record<string, number>;
    expect(cost(bare).cache_hits).toBe(0);
    expect(cost(bare).reads).toBeGreaterThan(cost(cached).reads ?? Number.NaN);
    expect(bare.recall_at_k).toBe(cached.recall_at_k);
    expect(bare.memory_bytes).toMatchObject({ cache: 0 });
  });

  it('follows a tuning of the index where it is given no list size', async () => {
    const tuned = await vamanaJson('tune', ...searchArguments, '--target-recall', '0.9');
    expect(tuned).toMatchObject({ k: 10, target_recall: 0.9, path: `${index}.tuned`, held_out: { queries: 50 } });
    const params = { list_size: tuned.list_size, rerank: tuned.rerank };
    expect(tuned.list_size).toBeLessThan(64);
    expect(await vamanaJson('search', ...searchArguments)).toMatchObject({ params });
    expect(await vamanaJson('search', ...searchArguments, '--list-size', '70')).toMatchObject({
      params: { list_size: 70, rerank: 'auto' },
    });
    expect(await vamanaJson('inspect', index)).toMatchObject({ tuning: params });
    expect((await vamana('inspect', index)).stdout).toMatch(
      /^tuned to +list size \d+, rerank \S+, for recall@10 of 0.9$/m,
    );
    rmSync(`${index}.tuned`);
    const dry = await vamana('tune', ...searchArguments, '--target-recall', '0.9', '--dry-run');
    expect(dry.stdout).toMatch(/^kept in +nothing \(--dry-run\)$/m);
    expect(await vamanaJson('search', ...searchArguments)).toMatchObject({ params: { list_size: 64 } });
    const wrong = await vamana('tune', ...searchArguments, '--target-recall', '95');
    expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('from 0 to 1') });
  });

  it('finds everything by an exact scan, and writes the rows', async () => {
    const out = folder.file('found.ivecs');
    const document = await vamanaJson(
      'search',
      ...searchArguments,
      '--exact',
      '--k',
      '5',
      '--out',
      out,
      '--threads',
      '2',
    );
    expect(document.recall_at_k).toBe(1);
    const found = await readIds(out);
    expect([found.rows, found.k]).toEqual([100, 5]);
    const expected = await readIds(truth);
    let same = 0;
    for (let query = 0; query < 100; query += 1) {
      if (found.ids[query * 5] === expected.ids[query * expected.k]) same += 1;
    }
    // Ties may stand in another order.
    expect(same).toBeGreaterThan(90);
  });

  it('shows the same facts to a person, and no recall without a truth', async () => {
    const { stdout } = await vamana('search', '--index', index, '--queries', queries, '--rerank', '30');
    expect(stdout).toMatch(/^search +k 10, list 64, rerank 30, io \w+, 1 thread, cache 64 MB$/m);
    expect(stdout).toMatch(/^recall@10 +not measured; give --truth$/m);
    expect(stdout).toMatch(/^reranked\/query +30$/m);
  });

  it('says what does not fit together', async () => {
    const failure = async (...argv: string[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await vamana('search', ...argv);
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
      return stderr;
    };
    const rows = [Array.from({ length: 128 }, (_, at) => at + 0.5)];
    const fractions = folder.file('fractions.fvecs', encodeFile({ format: 'fvecs', element: 'f32', rows }));
    const short = folder.file('short.fvecs', encodeFile({ format: 'fvecs', element: 'f32', rows: [[1, 2]] }));
    expect(await failure('--index', index, '--queries', short)).toMatch(
      /INVALID_ARGUMENT: .*dimension 2.*dimension 128/,
    );
    expect(await failure('--index', index, '--queries', fractions)).toMatch(
      /INVALID_ARGUMENT: .*row 0, column 0 is 0\.5/,
    );
    expect(await failure(...searchArguments, '--k', '101')).toMatch(/INVALID_ARGUMENT: .*100 ids a query; recall@101/);
    expect(await failure(...searchArguments, '--truth', queries)).toMatch(/INVALID_ARGUMENT: .*holds u8 and not ids/);
    expect(await failure('--index', folder.file('nothing'), '--queries', queries)).toMatch(/^error NOT_FOUND: /);
  });

  it('takes f32 queries whose values are those of the index', async () => {
    const bytes = readFileSync(queries);
    const rows = [Array.from(bytes.subarray(8, 8 + 128))];
    const file = folder.file('one.fvecs', encodeFile({ format: 'fvecs', element: 'f32', rows }));
    expect(await vamanaJson('search', '--index', index, '--queries', file)).toMatchObject({
      queries: 1,
      recall_at_k: null,
    });
  });
});

describe('vamana bench', () => {
  it('prints a search document a list size, and writes the report', async () => {
    const report = folder.file('report.html');
    const document = await vamanaJson(
      'bench',
      ...searchArguments,
      '--sweep',
      '10,80',
      '--cache',
      '1MB',
      '--report',
      report,
    );
    const rows = document.rows as { params: { list_size: number }; recall_at_k: number }[];
    expect(rows.map((row) => row.params.list_size)).toEqual([10, 80]);
    expect(rows[1]?.recall_at_k).toBeGreaterThan(rows[0]?.recall_at_k ?? 1);
    expect(document.index).toMatchObject({ rows: 4000 });
    const page = readFileSync(report, 'utf8');
    expect(page.match(/<svg /g)).toHaveLength(4);
    expect(page).not.toContain('NaN');
  });

  it('gives every list size a cold page cache', async () => {
    const document = await vamanaJson('bench', ...searchArguments, '--sweep', '40,40');
    const [first, second] = document.rows as { per_query: { reads: number } }[];
    expect(second?.per_query.reads).toBe(first?.per_query.reads);
  });

  it('shows a table to a person', async () => {
    const { stdout } = await vamana('bench', ...searchArguments, '--sweep', '20');
    expect(stdout).toMatch(/\n\nlist +recall +qps .*\n +20 +0\.\d{4} /);
  });
});

describe('vamana inspect', () => {
  it('tells everything in the headers', async () => {
    const document = await vamanaJson('inspect', index);
    expect(document).toMatchObject({ rows: 4000, dim: 128, element: 'u8', metric: 'l2', degree: 24, build_list: 40 });
    const files = document.files as { graph: number; codes: number };
    expect(document.bytes_per_row).toBeCloseTo((files.graph + files.codes) / 4000, 2);
    const { stdout } = await vamana('inspect', index);
    expect(stdout).toMatch(/^record +132 bytes, 31 a page$/m);
  });
});

describe('vamana verify', () => {
  it('finds nothing wrong with a sound index', async () => {
    expect(await vamanaJson('verify', index)).toMatchObject({ rows: 4000, unreachable: 0, problems: [] });
  });

  it('lists what is wrong and fails', async () => {
    const damaged = folder.file('damaged');
    cpSync(index, damaged, { recursive: true });
    const vectors = join(damaged, readdirSync(damaged).find((name) => name.startsWith('vectors')) ?? '');
    const bytes = readFileSync(vectors);
    bytes[5000] = (bytes[5000] ?? 0) ^ 1;
    writeFileSync(vectors, bytes);
    const { exitCode, stdout, stderr } = await vamana('verify', damaged, '--json');
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ problems: [{ code: 'CORRUPT' }] });
    expect(stderr).toMatch(/^error CORRUPT: .*1 problem; the first: .*\n$/);

    appendFileSync(vectors, 'x');
    const worse = await vamana('verify', damaged);
    expect(worse.exitCode).toBe(1);
  });

  it('fails without an index', async () => {
    expect(existsSync(folder.file('nothing'))).toBe(false);
    expect(await vamana('verify', folder.file('nothing'))).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^error NOT_FOUND: /),
    });
  });
});

describe('vamana doctor', () => {
  it('tells what this machine offers', async () => {
    const document = await vamanaJson('doctor', '--dir', folder.path);
    expect(Object.keys(document).sort()).toEqual(['advice', 'cpu', 'disk', 'io', 'locked_memory', 'machine']);
    expect(readdirSync(folder.path).filter((name) => name.includes('probe'))).toEqual([]);
  });
});

describe('vamana', () => {
  it('is used wrongly with exit code 2', async () => {
    for (const argv of [
      ['search'],
      ['bench', '--sweep', '1,x'],
      ['verify'],
      ['build', '--metric', 'l3'],
      ['nothing'],
    ]) {
      expect(await vamana(...argv)).toMatchObject({
        exitCode: 2,
        stderr: expect.stringMatching(/^error USAGE: .*\n$/),
      });
    }
  });
});
