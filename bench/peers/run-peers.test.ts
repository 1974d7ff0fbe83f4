// Peers in child processes, with those that need no package: what is measured of them, and that one that fails does not
// take the others with it. Needs the addon and dist/, which `npm test` builds first.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { projectRoot } from '../../tools/tree.js';
import { findDataSets } from '../data-sets.js';
import type { Peer } from './peer.js';
import { runPeers } from './run-peers.js';
import { exactScan, vamana } from './vamana.js';

const folder = mkdtempSync(join(tmpdir(), 'vamana-peers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('measures each in processes of its own, and keeps the reason of a failure', async () => {
  const { main } = await findDataSets(join(projectRoot(), 'test', 'sample'));
  const unknown: Peer = { ...vamana, name: 'unknown' };
  const orphan: Peer = { ...exactScan, name: 'orphan', sharesIndexOf: 'unknown' };
  const told: string[] = [];
  const found = await runPeers({
    set: main,
    peers: [vamana, unknown, exactScan, orphan],
    k: 10,
    threads: 2,
    allBuilds: false,
    secondsPerPoint: 0.01,
    timeoutMs: 60_000,
    deadline: Number.POSITIVE_INFINITY,
    folder,
    ownVersion: '1.2.3',
    tell: (line) => told.push(line),
  });
  const [own, failed, exact, alone] = found;
  expect(own).toMatchObject({ name: 'vamana', version: '1.2.3', kind: 'ssd', status: 'ok' });
  expect(own?.builds[0]?.disk_bytes).toBeGreaterThan(main.rows * main.dim);
  const single = own?.rows.filter(({ mode }) => mode === 'single') ?? [];
  expect(single).toHaveLength(10);
  for (const row of single) {
    expect(row).toMatchObject({ threads: 1, queries: 100 });
    expect(row.p99_us).toBeGreaterThanOrEqual(row.mean_us ?? Number.NaN);
    expect(row.rss).toBeGreaterThan(row.anonymous);
  }
  expect(single.at(-1)?.recall_at_k).toBeGreaterThan(0.99);
  expect(single[0]?.recall_at_k).toBeLessThan(single.at(-1)?.recall_at_k ?? 0);
  expect(own?.rows.filter(({ mode }) => mode === 'batch')).toHaveLength(10);
  expect(exact?.rows.map(({ recall_at_k: recall }) => recall)).toEqual([1, 1]);
  expect(exact?.builds).toEqual(own?.builds);
  expect(failed).toMatchObject({
    status: 'failed',
    rows: [],
    reason: expect.stringMatching(/exit code 1: .*no peer unknown/),
  });
  expect(alone).toMatchObject({ status: 'failed', reason: expect.stringContaining('built none') });
  expect(told.at(-1)).toMatch(/^orphan: 0 rows, failed: /);
}, 120_000);
