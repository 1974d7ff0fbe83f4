// Who may do what at `vamana serve`, and that what it acknowledged outlives it.
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROUTES } from '../src/http/routes.js';
import { type ServiceProcess, startServiceProcess } from './service-process.js';
import { temporaryFolder } from './vector-files.js';

const folder = temporaryFolder();
const full = { 'api-key': 'full-key' };
const reading = { authorization: 'Bearer reading-key' };
let service: ServiceProcess;

beforeAll(async () => {
  service = await startServiceProcess(folder.file('data'), {
    VAMANA__SERVICE__API_KEY: 'full-key',
    VAMANA__SERVICE__READ_ONLY_API_KEY: 'reading-key',
    VAMANA__SERVICE__JWT_RBAC: 'true',
  });
  for (const name of ['mine', 'yours']) {
    await service.call('PUT', `/collections/${name}`, { vectors: { size: 1, distance: 'Dot' } }, full);
  }
});
afterAll(() => service.stop('SIGKILL'));

function token(claims: object, { key = 'full-key', alg = 'HS256' } = {}): Record<string, string> {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  const signed = `${encode({ alg, typ: 'JWT' })}.${encode(claims)}`;
  const signature = alg === 'none' ? '' : createHmac('sha256', key).update(signed).digest('base64url');
  return { authorization: `Bearer ${signed}.${signature}` };
}

const inAnHour = Math.floor(Date.now() / 1000) + 3600;

describe('keys', () => {
  const probes = ['/', '/healthz', '/livez', '/readyz', '/openapi.json', '/docs'];

  it.each(ROUTES.map((route) => [route.method, route.path, route] as const))(
    'guard %s %s',
    async (method, path, route) => {
      const url = path.replace(/:\w+/g, 'mine');
      const body = method === 'GET' ? undefined : {};
      const isProbe = method === 'GET' && probes.includes(path);
      expect((await service.call(method, url, body)).status).toBe(isProbe ? 200 : 401);
      expect((await service.call(method, url, body, { 'api-key': 'wrong' })).status).toBe(isProbe ? 200 : 401);
      const { status } = await service.call(method, url, body, reading);
      expect(status === 403).toBe(route.access === 'write' || route.access === 'manage');
    },
  );

  it.each([
    ['expired', token({ exp: 1, access: 'm' })],
    ['signed with another key', token({ access: 'm' }, { key: 'other' })],
    ['not signed', token({ access: 'm' }, { alg: 'none' })],
    ['malformed', { authorization: 'Bearer a.b.c' }],
    ['with claims that are not understood', token({ access: 'm', value_exists: {} })],
    ['with an access that is none', token({ access: [{ collection: 'mine', access: 'x' }] })],
  ])('refuse a token that is %s', async (_what, headers) => {
    expect((await service.call('GET', '/collections', undefined, headers)).status).toBe(401);
  });

  it('let tokens do what they claim, collection by collection', async () => {
    const headers = token({
      exp: inAnHour,
      access: [
        { collection: 'mine', access: 'rw' },
        { collection: 'no', access: 'r' },
      ],
    });
    const points = { points: [{ id: 1, vector: [1] }] };
    expect((await service.call('PUT', '/collections/mine/points', points, headers)).status).toBe(200);
    expect((await service.call('PUT', '/collections/yours/points', points, headers)).status).toBe(403);
    expect((await service.call('POST', '/collections/yours/points/count', {}, headers)).status).toBe(403);
    expect((await service.call('DELETE', '/collections/mine', undefined, headers)).status).toBe(403);
    expect((await service.call('GET', '/telemetry', undefined, headers)).status).toBe(403);
    const elsewhere = { query: 1, lookup_from: { collection: 'yours' } };
    expect((await service.call('POST', '/collections/mine/points/query', elsewhere, headers)).status).toBe(403);
    const listed = (await service.call('GET', '/collections', undefined, headers)).body.result;
    expect(listed).toEqual({ collections: [{ name: 'mine' }] });
    expect((await service.call('GET', '/collections/yours', undefined, token({ access: 'r' }))).status).toBe(200);
  });
});

it('refuses to be reached by others without a key', async () => {
  const started = startServiceProcess(folder.file('open'), { VAMANA__SERVICE__HOST: '0.0.0.0' });
  await expect(started).rejects.toThrow('--insecure');
});

it('holds a key to its rate', async () => {
  const limited = await startServiceProcess(folder.file('limited'), { VAMANA__LIMITS__REQUESTS_PER_SECOND: '1' });
  try {
    const answers = await Promise.all(Array.from({ length: 8 }, () => limited.call('GET', '/collections')));
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.headers.get('retry-after')).toBe('1');
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(1);
  } finally {
    await limited.stop('SIGKILL');
  }
});

it('logs who made, changed or dropped what, those that might not too, and no key', async () => {
  const audited = await startServiceProcess(folder.file('audited'), {
    VAMANA__LOG__LEVEL: 'info',
    VAMANA__SERVICE__API_KEY: 'full-key',
    VAMANA__SERVICE__READ_ONLY_API_KEY: 'reading-key',
  });
  let log = '';
  audited.child.stderr?.on('data', (chunk) => {
    log += chunk;
  });
  const path = '/collections/audited';
  await audited.call('PUT', path, { vectors: { size: 1, distance: 'Dot' } }, full);
  await audited.call('POST', `${path}/points/count`, {}, full);
  await audited.call('DELETE', path, undefined, reading);
  await audited.call('DELETE', path, undefined, full);
  await audited.stop();
  const lines = log.split('\n').filter((line) => line.includes('"audit":true'));
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { holder: 'api_key', operation: 'create a collection', url: path, status: 200 },
    { holder: 'read_only_api_key', operation: 'drop a collection', url: path, status: 403 },
    { holder: 'api_key', operation: 'drop a collection', url: path, status: 200 },
  ]);
  expect(log).not.toMatch(/full-key|reading-key/);
});

it('keeps what it acknowledged, killed or stopped', async () => {
  const data = folder.file('kept');
  const first = await startServiceProcess(data);
  await first.call('PUT', '/collections/kept', { vectors: { size: 1, distance: 'Dot' } });
  for (let id = 0; id < 20; id += 1) {
    const points = [{ id, vector: [id] }];
    expect((await first.call('PUT', '/collections/kept/points?wait=false', { points })).status).toBe(200);
  }
  await first.stop('SIGKILL');
  const second = await startServiceProcess(data);
  expect((await second.call('POST', '/collections/kept/points/count', {})).body.result).toEqual({ count: 20 });
  expect(await second.stop()).toBe(0);
});
