// What those who run `vamana serve` look at and rely on: metrics, telemetry, refusals under load, slow clients, ends.
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServiceProcess, startServiceProcess } from './service-process.js';
import { temporaryFolder } from './vector-files.js';

const folder = temporaryFolder();
let service: ServiceProcess;

beforeAll(async () => {
  service = await startServiceProcess(folder.file('data'));
  await service.call('PUT', '/collections/seen', { vectors: { size: 2, distance: 'Euclid' } });
  const points = [1, 2, 3].map((id) => ({ id, vector: [id, 0] }));
  await service.call('PUT', '/collections/seen/points', { points });
});
afterAll(() => service.stop('SIGKILL'));

/** Samples by name with labels. */
async function scrape(): Promise<Map<string, number>> {
  const { status, text, headers } = await service.call('GET', '/metrics');
  expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const match = /^([a-z_]+(?:\{[^}]*(?:\{[^}]*\}[^}]*)*\})?) (\S+)$/.exec(line);
      expect(match, line).not.toBeNull();
      return [match?.[1] ?? '', Number(match?.[2])] as const;
    }),
  );
}

describe('metrics', () => {
  it('count answers by operation and status, and searches by phase', async () => {
    const labels = (status: number): string =>
      `{method="POST",endpoint="/collections/{collection}/points/query",status="${status}"}`;
    const before = await scrape();
    for (const query of [[1, 0], [2, 0], 'x']) await service.call('POST', '/collections/seen/points/query', { query });
    await service.call('GET', '/not/a/route');
    const after = await scrape();
    const grown = (name: string): number => (after.get(name) ?? 0) - (before.get(name) ?? 0);
    expect(grown(`rest_responses_total${labels(200)}`)).toBe(2);
    expect(grown(`rest_responses_total${labels(400)}`)).toBe(1);
    expect(grown(`rest_responses_duration_seconds_count${labels(200)}`)).toBe(2);
    expect(grown('rest_responses_total{method="any",endpoint="unmatched",status="404"}')).toBe(1);
    expect(grown('vamana_searches_total')).toBe(2);
    expect(grown('vamana_search_vectors_scored_total')).toBe(6);
    for (const phase of ['walk', 'read', 'rank']) {
      expect(grown(`vamana_search_seconds_count{phase="${phase}"}`)).toBe(2);
    }
  });

  it('tell what each open collection holds, and nothing of one that is gone', async () => {
    await service.call('PUT', '/collections/gone', { vectors: { size: 2, distance: 'Dot' } });
    await service.call('PUT', '/collections/gone/points', { points: [{ id: 1, vector: [1, 1] }] });
    const during = await scrape();
    expect(during.get('collection_points{id="seen"}')).toBe(3);
    expect(during.get('collection_points{id="gone"}')).toBe(1);
    expect(during.get('vamana_fresh_rows{collection="seen"}')).toBe(3);
    expect(during.get('vamana_wal_syncs_total{collection="seen"}')).toBe(1);
    expect(during.get('vamana_wal_sync_seconds_total{collection="seen"}')).toBeGreaterThan(0);
    expect(during.get('vamana_memory_bytes{collection="seen",part="deltas"}')).toBeGreaterThan(0);
    await service.call('DELETE', '/collections/gone');
    const after = await scrape();
    expect(after.has('collection_points{id="gone"}')).toBe(false);
    expect(after.get('collections_total')).toBe(1);
  });

  it('are also told in the shape of Qdrant', async () => {
    const { result } = (await service.call('GET', '/telemetry')).body;
    expect(result).toMatchObject({
      id: expect.any(String),
      app: { name: 'vamana-ssd', version: '1.18.0', startup: expect.stringMatching(/^\d{4}-/) },
      collections: { number_of_collections: 1, collections: [{ id: 'seen', points_count: 3 }] },
      cluster: { enabled: false },
      requests: { rest: { responses: { 'PUT /collections/{collection}': { 200: { fail_count: 0 } } } } },
    });
  });
});

/** A request whose body never comes to its end; what is answered. */
async function beginUpload(url: string, path: string): Promise<{ status: number; headers: object; text: string }> {
  const sent = request(url + path, { method: 'PUT', headers: { 'content-length': 1000 } });
  sent.on('error', () => undefined);
  sent.write('{"points":');
  const [answer] = await once(sent, 'response');
  let text = '';
  for await (const chunk of answer) text += chunk;
  sent.destroy();
  return { status: answer.statusCode, headers: answer.headers, text };
}

async function withService(
  name: string,
  environment: Record<string, string>,
  work: (other: ServiceProcess) => Promise<void>,
): Promise<void> {
  const other = await startServiceProcess(folder.file(name), environment);
  try {
    await work(other);
  } finally {
    await other.stop('SIGKILL');
  }
}

describe('a client', () => {
  it('that is slow with its body is answered 408', async () => {
    await withService('slow', { VAMANA__LIMITS__BODY_SECONDS: '1' }, async ({ url }) => {
      const { status, headers, text } = await beginUpload(url, '/collections/any/points');
      expect([status, JSON.parse(text).status.error]).toEqual([408, expect.stringContaining('1 seconds')]);
      expect(headers).toMatchObject({ connection: 'close' });
    });
  });

  it('that sends no HTTP is answered 400, in the envelope', async () => {
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
    socket.write('nonsense\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += chunk;
    expect(text).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n'))).status.error).toContain('Format error');
  });

  it('is refused at once, with a time to come back at, when there is no room', async () => {
    await withService('full', { VAMANA__LIMITS__REQUESTS: '1' }, async (other) => {
      await other.call('PUT', '/collections/full', { vectors: { size: 2, distance: 'Dot' } });
      await other.call('PUT', '/collections/full/points', { points: [{ id: 1, vector: [1, 1] }] });
      // All in one piece: they are there at the same moment, and the first one is searching.
      const body = JSON.stringify({ query: [1, 1] });
      const head = `POST /collections/full/points/query HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}`;
      const socket = connect(Number(new URL(other.url).port), '127.0.0.1');
      socket.write(`${head}\r\n\r\n${body}`.repeat(19));
      socket.write(`${head}\r\nconnection: close\r\n\r\n${body}`);
      let text = '';
      for await (const chunk of socket) text += chunk;
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]);
      expect(statuses).toHaveLength(20);
      expect(statuses[0]).toBe('200');
      const shed = statuses.filter((status) => status === '503').length;
      expect(shed).toBeGreaterThan(0);
      expect(text.match(/retry-after: 1\r\n/g)).toHaveLength(shed);
      expect(text).toContain('Service overloaded');
      const metrics = (await other.call('GET', '/metrics')).text;
      expect(metrics).toContain(`vamana_shed_requests_total{reason="requests"} ${shed}`);
    });
  });

  it('is refused when bodies take too much together', async () => {
    const environment = { VAMANA__LIMITS__BODY_BYTES: '100000', VAMANA__LIMITS__BODIES_BYTES: '100000' };
    await withService('bodies', environment, async (other) => {
      const sent = request(`${other.url}/collections/any/points`, {
        method: 'PUT',
        headers: { 'content-length': 90_000 },
      });
      sent.on('error', () => undefined);
      sent.write('{');
      const held = async () => (await other.call('GET', '/metrics')).text.includes('vamana_body_bytes 90000');
      while (!(await held())) await new Promise((resolve) => setTimeout(resolve, 5));
      const refused = await other.call('PUT', '/collections/any/points', `"${'x'.repeat(20_000)}"`);
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
      sent.destroy();
      while (await held()) await new Promise((resolve) => setTimeout(resolve, 5));
      expect((await other.call('PUT', '/collections/any/points', `"${'x'.repeat(20_000)}"`)).status).toBe(404);
    });
  });
});

describe('the end', () => {
  const BUSY = { VAMANA__SERVICE__SHUTDOWN_SECONDS: '60' };

  /** A service with a request in flight that ends when its body does. */
  async function withHanging(
    name: string,
    environment: Record<string, string>,
    work: (other: ServiceProcess, finish: () => Promise<number>) => Promise<void>,
  ): Promise<void> {
    await withService(name, environment, async (other) => {
      const body = '{"points":[]}';
      const sent = request(`${other.url}/collections/any/points`, {
        method: 'PUT',
        headers: { 'content-length': body.length },
      });
      const answered = once(sent, 'response');
      answered.catch(() => undefined);
      sent.on('error', () => undefined);
      sent.write(body.slice(0, 5));
      while (!(await other.call('GET', '/metrics')).text.includes(`vamana_body_bytes ${body.length}`));
      await work(other, async () => {
        sent.end(body.slice(5));
        const [answer] = await answered;
        return answer.statusCode;
      });
    });
  }

  it('waits for requests in flight', async () => {
    await withHanging('draining', BUSY, async (other, finish) => {
      const ended = once(other.child, 'exit');
      other.child.kill('SIGTERM');
      while (
        await fetch(other.url).then(
          () => true,
          () => false,
        )
      );
      expect(await finish()).toBe(404);
      expect((await ended)[0]).toBe(0);
    });
  });

  it('comes at once with a second signal', async () => {
    await withHanging('forced', BUSY, async (other) => {
      const ended = once(other.child, 'exit');
      other.child.kill('SIGTERM');
      while (
        await fetch(other.url).then(
          () => true,
          () => false,
        )
      );
      other.child.kill('SIGTERM');
      expect(await ended).toEqual([null, 'SIGTERM']);
    });
  });

  it('does not wait past its deadline', async () => {
    await withHanging('deadline', { VAMANA__SERVICE__SHUTDOWN_SECONDS: '1' }, async (other, finish) => {
      const ended = once(other.child, 'exit');
      other.child.kill('SIGTERM');
      expect((await ended)[0]).toBe(0);
      await expect(finish()).rejects.toThrow();
    });
  });
});
