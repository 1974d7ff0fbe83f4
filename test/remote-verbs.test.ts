// The verbs that take `--url`, against a `vamana serve` that holds the folder: what they print is what they print of a
// folder, and what they do is done there.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../tools/tree.js';
import { type ServiceProcess, startServiceProcess } from './service-process.js';
import { vamana, vamanaJson } from './vamana-command.js';
import { temporaryFolder } from './vector-files.js';

// biome-ignore lint/suspicious/noExplicitAny: a document of the command, looked into by who expects it
type Document = Record<string, any>;

const document = (...argv: string[]): Promise<Document> => vamanaJson(...argv);
const vectors = join(projectRoot(), 'test', 'sample', 'sift-4k.base.u8bin');
const folder = temporaryFolder();
const dataDir = folder.file('db');
const here = ['--data-dir', dataDir, '--collection', 'c'];
const question = ['--vector-file', vectors, '--row', '17', '--k', '3'];
let service: ServiceProcess;
let there: string[];
let answeredHere: Document;

beforeAll(async () => {
  await vamanaJson('import', vectors, ...here);
  await vamanaJson('flush', ...here);
  answeredHere = await document('query', ...here, ...question);
  service = await startServiceProcess(dataDir, { VAMANA__SERVICE__API_KEY: 'secret' });
  there = ['--url', service.url, '--api-key', 'secret', '--collection', 'c'];
});
afterAll(() => service.stop('SIGKILL'));

describe('verbs at a service', () => {
  it('answer as they do in a folder, which it holds', async () => {
    const busy = await vamana('status', ...here);
    expect(busy.exitCode).toBe(1);
    expect(busy.stderr).toContain('LOCKED');
    expect(busy.stderr).toContain(`${service.child.pid}`);
    const status = await vamanaJson('status', ...there);
    expect(status).toMatchObject({ collection: 'c', points: 4000, config: { dim: 128, element: 'u8' } });
    expect((await vamana('status', ...there)).stdout).toContain('128 x u8, l2');
    const { points, params } = await document('query', ...there, ...question);
    expect(params).toMatchObject({ k: 3, row: 17 });
    expect(points.map(({ id }: { id: number }) => id)).toEqual(answeredHere.points.map(({ id }: { id: number }) => id));
    expect(points[0]).toMatchObject({ score: 0, payload: {} });
    const { cost } = await document('query', ...there, ...question, '--explain');
    expect(cost).toMatchObject({ queries: 1 });
  });

  it('merge, rebuild and take back', async () => {
    expect(await vamanaJson('jobs', ...there)).toEqual({ collection: 'c', jobs: [] });
    const { job } = await document('rebuild', ...there, '--degree', '20', '--force');
    expect(job).toMatchObject({ kind: 'rebuild', state: 'DONE', rows: 4000 });
    expect((await document('jobs', ...there)).jobs).toMatchObject([{ id: job.id, state: 'DONE' }]);
    expect((await document('status', ...there)).config.degree).toBe(20);
    expect(await vamanaJson('rollback', ...there)).toMatchObject({ collection: 'c', replaced_by: job.into });
    expect((await document('compact', ...there, '--force')).job).toMatchObject({ state: 'DONE' });
  });

  it('say what is wrong', async () => {
    const wrongKey = await vamana('status', '--url', service.url, '--api-key', 'other', '--collection', 'c');
    expect(wrongKey.exitCode).toBe(1);
    expect(wrongKey.stderr).toContain('give its key with --api-key');
    const missing = await vamana(
      'query',
      '--url',
      service.url,
      '--api-key',
      'secret',
      '--collection',
      'none',
      ...question,
    );
    expect(missing.stderr).toContain('NOT_FOUND');
    expect((await vamana('jobs', ...here, '--url', service.url)).exitCode).toBe(2);
    expect((await vamana('jobs', '--collection', 'c')).exitCode).toBe(2);
    expect((await vamana('jobs', '--url', 'nowhere', '--collection', 'c')).exitCode).toBe(2);
    expect((await vamana('jobs', '--url', 'http://127.0.0.1:9', '--collection', 'c')).stderr).toContain(
      'cannot be reached',
    );
  });
});
