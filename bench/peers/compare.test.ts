import { describe, expect, it } from 'vitest';
import type { PeerDocument, PeerRow } from '../document.js';
import { curveCharts, peerTables, ratios } from './compare.js';

function row(threads: number, recall: number, qps: number, reads: number | null = 4): PeerRow {
  const mean = threads === 1 ? 1e6 / qps : null;
  return {
    settings: { ef: 10 },
    threads,
    mode: threads === 1 ? 'single' : 'batch',
    queries: 100,
    recall_at_k: recall,
    qps,
    mean_us: mean,
    p99_us: mean,
    reads,
    rss: 1e8,
    anonymous: 5e7,
  };
}

function peer(name: string, rows: PeerRow[], failed?: string): PeerDocument {
  const builds = [{ settings: { m: 16 }, seconds: 1.5, rss_peak: 2e8, disk_bytes: 3e7 }];
  const shared = { name, version: '1.0.0', kind: 'ram' as const, builds, rows };
  return failed === undefined ? { ...shared, status: 'ok' } : { ...shared, status: 'failed', reason: failed };
}

const ours = peer('vamana', [row(1, 0.88, 4000), row(1, 0.96, 1000), row(2, 0.88, 8000), row(2, 0.995, 2000)]);
const other = peer('other', [row(1, 0.88, 2000, 8), row(1, 0.96, 500, 8)]);
const broken = peer('broken', [], 'ended by SIGSEGV');

describe('peers at equal recall', () => {
  it('are compared between points, and not where a curve does not reach', () => {
    const found = ratios([ours, other, broken], 'vamana');
    expect(found.map(({ peer: name, recall }) => `${name} ${recall}`)).toEqual([
      'other 0.9',
      'other 0.95',
      'other 0.99',
    ]);
    expect(found[0]).toMatchObject({ qps_1: 2, mean_us: 0.5, reads: 0.5, qps_n: null });
    expect(found[2]).toMatchObject({ qps_1: null, mean_us: null, reads: null });
  });

  it('that failed are in the tables with their reason, and in no chart', () => {
    const peers = [ours, other, broken];
    const [equal, , builds] = peerTables(peers, ratios(peers, 'vamana'));
    expect(builds?.rows.at(-1)).toContain('failed: ended by SIGSEGV');
    expect(
      equal?.rows.filter(([name]) => name === 'broken').every((cells) => cells.slice(2).every((c) => c === null)),
    ).toBe(true);
    for (const { series } of curveCharts(peers, 10, 2)) expect(series.map(({ name }) => name)).not.toContain('broken');
  });

  it('without our own rows have no ratios', () => {
    expect(ratios([other], 'vamana')).toEqual([]);
  });
});
