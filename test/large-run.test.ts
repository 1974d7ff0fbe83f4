// The long proof of test/long/large.ts with few rows. Needs the compiled command (npm test makes it).
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runLarge } from './large-run.js';

it('generated rows are built within a memory limit, sound, and found', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'vamana-large-test-'));
  try {
    const rows = 60_000;
    const report = runLarge({ rows, dim: 96, queries: 60, listSize: 100, buildList: 30, folder }, () => undefined);
    expect(report).toMatchObject({ rows, unreachable: 0, vectorBytes: 8 + rows * 96 });
    expect(report.partitions).toBeGreaterThan(1);
    expect(report.peak).toBeLessThanOrEqual(report.limit);
    expect(report.recall).toBeGreaterThan(0.9);
    expect(readdirSync(folder)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
