// Snapshots over HTTP: what is taken can be sent, taken back and removed; and nothing that is sent reaches a file that
// is none of its business.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { create } from 'tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type ServiceProcess, startServiceProcess } from './service-process.js';
import { temporaryFolder } from './vector-files.js';

const folder = temporaryFolder();
const data = folder.file('data');
let service: ServiceProcess;

beforeAll(async () => {
  service = await startServiceProcess(data);
});
afterAll(() => service.stop('SIGKILL'));

/** A collection of four points whose vector is called "text". */
async function make(name: string): Promise<string> {
  const path = `/collections/${name}`;
  const made = await service.call('PUT', path, { vectors: { text: { size: 2, distance: 'Euclid' } } });
  expect(made.status).toBe(200);
  const points = [1, 2, 3, 4].map((id) => ({ id, vector: { text: [id, 0] }, payload: { n: id } }));
  expect((await service.call('PUT', `${path}/points`, { points })).status).toBe(200);
  return path;
}

async function take(path: string): Promise<{ name: string; size: number; checksum: string }> {
  const taken = await service.call('POST', `${path}/snapshots`);
  expect([taken.status, taken.body.status]).toEqual([200, 'ok']);
  return taken.body.result;
}

async function archiveOf(path: string, name: string): Promise<Uint8Array> {
  const response = await fetch(`${service.url}${path}/snapshots/${name}`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-disposition')).toContain(name);
  return new Uint8Array(await response.arrayBuffer());
}

function upload(path: string, bytes: Uint8Array, query = ''): Promise<Answer> {
  const form = new FormData();
  form.append('snapshot', new Blob([bytes as Uint8Array<ArrayBuffer>]), '../../evil.snapshot');
  return service.call('POST', `${path}/snapshots/upload${query}`, form);
}

async function pointsOf(path: string): Promise<unknown[]> {
  const { body } = await service.call('POST', `${path}/points/scroll`, { with_vector: true });
  return body.result.points;
}

describe('snapshots', () => {
  it('are taken, listed, downloaded, and taken back under another name', async () => {
    const path = await make('kept');
    await service.call('POST', '/vamana/collections/kept/flush');
    await service.call('PUT', `${path}/points`, { points: [{ id: 5, vector: { text: [5, 0] } }] });
    const taken = await take(path);
    expect(taken.name).toMatch(/^kept-\d{4}(-\d\d){5}\.snapshot$/);
    const listed = (await service.call('GET', `${path}/snapshots`)).body.result;
    expect(listed).toEqual([{ ...taken, creation_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}$/) }]);
    const bytes = await archiveOf(path, taken.name);
    expect([bytes.length, createHash('sha256').update(bytes).digest('hex')]).toEqual([taken.size, taken.checksum]);
    const made = await upload('/collections/other', bytes, `?checksum=${taken.checksum}&priority=snapshot`);
    expect([made.status, made.body.result], made.text).toEqual([200, true]);
    expect(await pointsOf('/collections/other')).toEqual(await pointsOf(path));
    const { vectors } = (await service.call('GET', '/collections/other')).body.result.config.params;
    expect(vectors).toEqual({ text: { size: 2, distance: 'Euclid' } });
    const found = await service.call('POST', '/collections/other/points/query', { query: [5, 0], using: 'text' });
    expect(found.body.result.points[0]).toMatchObject({ id: 5, score: 0 });
    expect(existsSync(join(dirname(data), 'evil.snapshot'))).toBe(false);
  });

  it('replace what a collection holds, from a file of this machine', async () => {
    const path = await make('replaced');
    const before = await pointsOf(path);
    const { name, checksum } = await take(path);
    await service.call('POST', `${path}/points/delete`, { points: [1, 2] });
    const location = pathToFileURL(join(data, 'snapshots', 'replaced', name)).href;
    const wrong = await service.call('PUT', `${path}/snapshots/recover`, { location, checksum: 'a'.repeat(64) });
    expect([wrong.status, wrong.body.status.error]).toEqual([400, expect.stringContaining('checksum mismatch')]);
    expect(await pointsOf(path)).toHaveLength(2);
    const recovered = await service.call('PUT', `${path}/snapshots/recover?wait=true`, { location, checksum });
    expect([recovered.status, recovered.body.result]).toEqual([200, true]);
    expect(await pointsOf(path)).toEqual(before);
  });

  it('are begun without waiting, on request', async () => {
    const path = await make('begun');
    const begun = await service.call('POST', `${path}/snapshots?wait=false`);
    expect([begun.status, begun.body]).toEqual([202, { status: 'accepted', time: expect.any(Number) }]);
    for (let tries = 0; tries < 500; tries += 1) {
      if ((await service.call('GET', `${path}/snapshots`)).body.result.length === 1) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error('the snapshot never came');
  });

  it('are removed, and not found any more', async () => {
    const path = await make('removed');
    const { name } = await take(path);
    expect((await service.call('DELETE', `${path}/snapshots/${name}`)).body.result).toBe(true);
    expect((await service.call('DELETE', `${path}/snapshots/${name}`)).status).toBe(404);
    expect((await service.call('GET', `${path}/snapshots/${name}`)).status).toBe(404);
    expect((await service.call('GET', `${path}/snapshots`)).body.result).toEqual([]);
    expect(readdirSync(join(data, 'snapshots', 'removed'))).toEqual([]);
  });

  it('of a folder, as the command makes them, can be recovered too', async () => {
    const path = await make('from-folder');
    const { name } = await take(path);
    const unpacked = folder.file('unpacked');
    mkdirSync(unpacked);
    writeFileSync(join(unpacked, 'archive'), await archiveOf(path, name));
    const { extract } = await import('tar');
    await extract({ file: join(unpacked, 'archive'), cwd: unpacked });
    const location = pathToFileURL(join(unpacked, 'snapshot')).href;
    expect((await service.call('PUT', '/collections/copied/snapshots/recover', { location })).status).toBe(200);
    expect((await service.call('POST', '/collections/copied/points/count', {})).body.result).toEqual({ count: 4 });
  });

  it.each([
    '..%2F..%2Fservice.json',
    '..%2Fkept',
    '.tmp-x.snapshot',
    'kept.checksum',
    '%2Fetc%2Fpasswd',
    'no-such.snapshot',
    'a%00.snapshot',
  ])('are never found by the name %s', async (name) => {
    const path = '/collections/kept/snapshots';
    expect((await service.call('GET', `${path}/${name}`)).status).toBe(404);
    expect((await service.call('DELETE', `${path}/${name}`)).status).toBe(404);
  });

  it('of collections that there are none of are 404, and bad names 400', async () => {
    expect((await service.call('GET', '/collections/nobody/snapshots')).status).toBe(404);
    expect((await service.call('POST', '/collections/nobody/snapshots')).status).toBe(404);
    const bad = await upload('/collections/..%2Fescaped', Uint8Array.of(1));
    expect(bad.status).toBe(400);
    for (const location of ['http://127.0.0.1/x', 'file://elsewhere/x', 'x', 7]) {
      const { status } = await service.call('PUT', '/collections/kept/snapshots/recover', { location });
      expect(status, String(location)).toBe(400);
    }
    const missing = await service.call('PUT', '/collections/kept/snapshots/recover', { location: 'file:///no/such' });
    expect(missing.status).toBe(404);
  });
});

describe('an upload', () => {
  /** A tar of one folder, built here. */
  async function pack(name: string, fill: (dir: string) => void, paths: string[]): Promise<Uint8Array> {
    const dir = folder.file(name);
    mkdirSync(dir);
    fill(dir);
    const chunks: Uint8Array[] = [];
    for await (const chunk of create({ cwd: dir, preservePaths: true }, paths)) chunks.push(chunk as Uint8Array);
    return Buffer.concat(chunks);
  }

  const cases: [string, () => Promise<Uint8Array>][] = [
    ['no archive', async () => Buffer.from('x'.repeat(2000))],
    ['nothing', async () => new Uint8Array()],
    ['a compressed one', async () => gzipSync(Buffer.alloc(4096))],
    [
      'a link',
      () =>
        pack(
          'link',
          (dir) => {
            mkdirSync(join(dir, 'snapshot'));
            symlinkSync('/etc/hostname', join(dir, 'snapshot', 'SNAPSHOT'));
          },
          ['snapshot/SNAPSHOT'],
        ),
    ],
    [
      'a way out',
      () =>
        pack(
          'out',
          (dir) => {
            mkdirSync(join(dir, 'snapshot'));
            writeFileSync(join(dir, 'escaped.txt'), 'x');
          },
          ['snapshot/../escaped.txt'],
        ),
    ],
    ['a file of another name', () => pack('other', (dir) => writeFileSync(join(dir, 'run.sh'), 'x'), ['run.sh'])],
    [
      'a snapshot without a list',
      () =>
        pack(
          'listless',
          (dir) => {
            mkdirSync(join(dir, 'snapshot'));
            writeFileSync(join(dir, 'snapshot', 'data'), 'x');
          },
          ['snapshot/data'],
        ),
    ],
  ];

  it.each(cases)('of %s is refused, and nothing is left of it', async (what, bytes) => {
    const name = `bad-${cases.findIndex(([other]) => other === what)}`;
    const { status, body } = await upload(`/collections/${name}`, await bytes());
    expect([status, typeof body.status.error]).toEqual([400, 'string']);
    expect(body.status.error).not.toContain(data);
    expect((await service.call('GET', `/collections/${name}`)).status).toBe(404);
    expect(readdirSync(join(data, 'snapshots', name))).toEqual([]);
  });

  it('of half a snapshot, or of one with another byte, leaves the collection as it was', async () => {
    const path = await make('intact');
    const before = await pointsOf(path);
    const { name } = await take(path);
    const bytes = await archiveOf(path, name);
    const changed = Uint8Array.from(bytes);
    const at = bytes.length >> 1;
    changed[at] = (changed[at] as number) ^ 1;
    for (const broken of [bytes.subarray(0, bytes.length >> 1), changed]) {
      expect((await upload(path, broken)).status).toBe(400);
      expect(await pointsOf(path)).toEqual(before);
    }
  });

  it.each([
    ['no form', 'application/json', '{}'],
    ['a form without a boundary', 'multipart/form-data', 'x'],
    ['a form without a file', 'multipart/form-data; boundary=b', '--b\r\n\r\n--b--\r\n'],
    ['a form cut short', 'multipart/form-data; boundary=b', '--b\r\ncontent-disposition: form-data; name="s"'],
  ])('of %s is 400', async (_what, type, body) => {
    const answer = await service.call('POST', '/collections/kept/snapshots/upload', body, { 'content-type': type });
    expect(answer.status).toBe(400);
  });

  it('is bounded in bytes, and in the time that nothing comes', async () => {
    const environment = { VAMANA__LIMITS__UPLOAD_BYTES: '1000', VAMANA__LIMITS__BODY_SECONDS: '1' };
    const limited = await startServiceProcess(folder.file('limited'), environment);
    try {
      const path = '/collections/limited/snapshots/upload';
      const form = new FormData();
      form.append('snapshot', new Blob(['x'.repeat(200_000)]));
      const large = await limited.call('POST', path, form);
      expect([large.status, large.body.status.error]).toEqual([413, expect.stringContaining('limits.upload_bytes')]);
      const headers = { 'content-type': 'multipart/form-data; boundary=b', 'content-length': 1000 };
      const stalled = request(limited.url + path, { method: 'POST', headers });
      stalled.on('error', () => undefined);
      stalled.write('--b\r\ncontent-disposition: form-data; name="s"; filename="s"\r\n\r\nx');
      const [answer] = await once(stalled, 'response');
      expect(answer.statusCode).toBe(408);
      stalled.destroy();
      expect(readdirSync(folder.file('limited/snapshots/limited'))).toEqual([]);
      expect((await limited.call('GET', '/readyz')).status).toBe(200);
    } finally {
      await limited.stop('SIGKILL');
    }
  });
});
