// What those who run `vamana serve` look at and rely on: metrics, telemetry, refusals under load, slow clients, ends.
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
