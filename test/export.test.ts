// `vamana export` and back by `vamana import`: files of every format, and a server of its own process.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { open, type Point, type PointInput, type VectorElement } from '../src/index.js';
import { type ServiceProcess, startServiceProcess } from './service-process.js';
import { vamana, vamanaJson } from './vamana-command.js';
import { temporaryFolder } from './vector-files.js';

const folder = temporaryFolder();
const UUID = '550e8400-e29b-41d4-a716-446655440000';
const BIG = 2n ** 64n - 1n;

const points: PointInput[] = [
  ...Array.from({ length: 700 }, (_, at) => ({
    id: at * 3,
    vector: [at % 5, (at % 7) - 3, 1],
    payload: at % 4 === 0 ? null : { n: at, tag: `t${at % 3}`, nested: { list: [at, null, 'x'] } },
  })),
  { id: BIG, vector: [1, 2, 3], payload: { exact: 2n ** 63n + 1n, half: 0.5 } },
  { id: UUID, vector: [3, 2, 1], payload: { text: 'ü"\n' } },
];

async function fill(dataDir: string, element: VectorElement, some: readonly PointInput[] = points): Promise<void> {
  await using database = await open(dataDir);
  const collection = await database.createCollection('some', { dim: 3, element, metric: 'l2' });
  const positive = some.map((point) => ({ ...point, vector: Array.from(point.vector, (value) => Math.abs(value)) }));
  await collection.upsert(element === 'u8' ? positive : some);
}

/** Everything but versions. */
async function contents(dataDir: string, name = 'some'): Promise<Omit<Point, 'version'>[]> {
  await using database = await open(dataDir);
  const collection = await database.collection(name);
  const all: Omit<Point, 'version'>[] = [];
  for await (const { version: _, ...point } of collection.scroll({ withVector: true })) all.push(point);
  return all;
}

const into = (dataDir: string, collection = 'some'): string[] => ['--data-dir', dataDir, '--collection', collection];

describe.each<[file: string, element: VectorElement, columns: boolean]>([
  ['x.parquet', 'f32', true],
  ['x.parquet', 'f16', true],
  ['x.parquet', 'u8', true],
  ['x.jsonl', 'f32', true],
  ['x.jsonl.gz', 'i8', true],
  ['x.npy', 'f16', false],
  ['x.fvecs', 'f32', false],
  ['x.bvecs', 'u8', false],
])('%s of %s', (file, element, columns) => {
  it('gives back every point', async () => {
    const from = folder.file(`from-${element}-${file}`);
    const to = folder.file(`to-${element}-${file}`);
    const out = folder.file(`${element}-${file}`);
    await fill(from, element);
    const report = await vamanaJson('export', out, ...into(from), '--batch', '64');
    expect(report).toMatchObject({ collection: 'some', out, points: 702, bytes: readFileSync(out).length });
    expect(report.points_file).toBe(columns ? undefined : `${out}.jsonl`);
    const beside = columns ? [] : ['--points', `${out}.jsonl`];
    const read = await vamanaJson('import', out, ...into(to), ...beside, '--element', element, '--batch', '100');
    expect(read).toMatchObject({ rows: 702, imported: 702, points: 702 });
    expect(await contents(to)).toEqual(await contents(from));
    const refused = await vamana('export', out, ...into(from));
    expect(refused.stderr).toMatch(/^error ALREADY_EXISTS: .*--force/);
    expect(await vamana('export', out, ...into(from), '--force')).toMatchObject({ exitCode: 0 });
  });
});

it('writes what matches only, and numbers as such where no id is text', async () => {
  const from = folder.file('filtered');
  await fill(from, 'f32', points.slice(0, -1));
  const filter = JSON.stringify({ must: [{ key: 'tag', match: { value: 't1' } }] });
  const out = folder.file('t1.parquet');
  const { points: written } = await vamanaJson('export', out, ...into(from), '--filter', filter);
  expect(written).toBeGreaterThan(100);
  const head = await vamanaJson('head', out, '--rows', '1');
  expect(head).toMatchObject({
    format: 'parquet',
    rows: written,
    first_ids: [3],
    first_payloads: [{ n: 1, tag: 't1' }],
  });
  const none = JSON.stringify({ must: [{ key: 'tag', match: { value: 'absent' } }] });
  expect((await vamana('export', `${out}2.parquet`, ...into(from), '--filter', none)).stderr).toMatch(
    /no points to export/,
  );
});

it('takes ids and payloads of columns, or of other files', async () => {
  const file = folder.file('rows.jsonl', Buffer.from('{"key":7,"v":[1,2],"a":1}\n{"key":8,"v":[3,4],"b":{"c":[2]}}\n'));
  const ids = folder.file('ids.txt', Buffer.from('18446744073709551615\n5\n'));
  await vamanaJson('import', file, ...into(folder.file('columns')), '--ids', 'key');
  expect(await contents(folder.file('columns'))).toMatchObject([
    { id: 7n, payload: { a: 1 } },
    { id: 8n, payload: { b: { c: [2] } } },
  ]);
  await vamanaJson('import', file, ...into(folder.file('beside')), '--ids', ids, '--column', 'v');
  expect(await contents(folder.file('beside'))).toMatchObject([
    { id: 5n, payload: { key: 8 } },
    { id: BIG, payload: { key: 7 } },
  ]);
  const wrong = await vamana('import', file, ...into(folder.file('wrong')), '--ids', 'nothing');
  expect(wrong.stderr).toMatch(/^error INVALID_ARGUMENT: .*there is no nothing; it has key, v, a/);
  const both = await vamana('import', file, ...into(folder.file('wrong')), '--ids', 'key', '--points', ids);
  expect(both.stderr).toMatch(/--points has ids and payloads/);
});

describe('a server', () => {
  let service: ServiceProcess;
  const key = 'secret-of-the-tests';
  beforeAll(async () => {
    service = await startServiceProcess(folder.file('served'), { VAMANA__SERVICE__API_KEY: key });
  });
  afterAll(() => service.stop());

  it('is filled by export and emptied by import, ids and numbers exact', async () => {
    const from = folder.file('source');
    const to = folder.file('target');
    await fill(from, 'f16');
    const url = `${service.url}/collections/copy`;
    const refused = await vamana('export', url, ...into(from));
    expect(refused.stderr).toMatch(/^error INVALID_ARGUMENT: GET .*answer 401.*--api-key\n$/);
    expect(await vamanaJson('export', url, ...into(from), '--api-key', key)).toMatchObject({ points: 702 });
    const asked = await service.call('POST', '/collections/copy/points/count', {}, { 'api-key': key });
    expect(asked.body.result).toEqual({ count: 702 });
    const read = await vamanaJson('import', url, ...into(to), '--api-key', key, '--batch', '90');
    expect(read).toMatchObject({ rows: 702, from: 0, imported: 702, points: 702 });
    expect(await contents(to)).toEqual(await contents(from));
    // Once more: what is there is written again.
    expect(await vamanaJson('export', url, ...into(from), '--api-key', key)).toMatchObject({ points: 702 });
  });

  it('with named vectors is asked for one of them', async () => {
    const headers = { 'api-key': key };
    const vectors = { text: { size: 2, distance: 'Dot' } };
    await service.call('PUT', '/collections/named', { vectors }, headers);
    const some = [{ id: 1, vector: { text: [1, 2] }, payload: { a: 1 } }];
    await service.call('PUT', '/collections/named/points?wait=true', { points: some }, headers);
    const to = folder.file('named');
    const url = `${service.url}/collections/named`;
    const wrong = await vamana('import', url, ...into(to), '--api-key', key, '--column', 'other');
    expect(wrong.stderr).toMatch(/which of its vectors is meant is not clear; name one with --column: text/);
    await vamanaJson('import', url, ...into(to), '--api-key', key);
    expect(await contents(to)).toEqual([{ id: 1n, vector: Float32Array.of(1, 2), payload: { a: 1 } }]);
    await using database = await open(to);
    expect((await database.collection('some')).config.metric).toBe('dot');
  });

  it('is gone on with where an import of it was stopped', async () => {
    const from = folder.file('long');
    const many = Array.from({ length: 5000 }, (_, id) => ({ id: id + 1, vector: [id % 9, 1, id % 4] }));
    await fill(from, 'f32', many);
    const url = `${service.url}/collections/long`;
    await vamanaJson('export', url, ...into(from), '--api-key', key);
    const to = folder.file('long-copy');
    const args = ['import', url, ...into(to), '--api-key', key, '--batch', '5'];
    const running = vamana(...args);
    while (!hasRecord(to)) await setTimeout(1);
    process.emit('SIGINT');
    const stopped = await running;
    expect(stopped.stderr).toMatch(/error ABORTED: stopped at row [\d,]+ of 5,000; the same command goes on there/);
    const reached = Number(/at row ([\d,]+)/.exec(stopped.stderr)?.[1]?.replaceAll(',', ''));
    const again = await vamana(...args, '--json');
    const report = JSON.parse(again.stdout);
    expect(report).toMatchObject({ rows: 5000, from: reached, points: 5000 });
    // The last point that was acknowledged is asked for again.
    expect(report.imported).toBe(5000 - reached + 1);
    expect(await contents(to)).toEqual(await contents(from));
  });

  it('that cannot be reached, or has no such collection, is told', async () => {
    const to = into(folder.file('nowhere'));
    expect((await vamana('import', 'http://127.0.0.1:1/collections/x', ...to)).stderr).toMatch(
      /^error IO: .*cannot be reached/,
    );
    const absent = await vamana('import', `${service.url}/collections/absent`, ...to, '--api-key', key);
    expect(absent.stderr).toMatch(/^error NOT_FOUND: .*no such collection/);
    expect((await vamana('import', `${service.url}/points`, ...to)).stderr).toMatch(
      /expected http:\/\/HOST:PORT\/collections/,
    );
  });
});

function hasRecord(dataDir: string): boolean {
  try {
    const dir = join(dataDir, 'collections', 'some');
    return readdirSync(dir).some((name) => /^import-[0-9a-f]{16}\.json$/.test(name));
  } catch {
    return false;
  }
}
