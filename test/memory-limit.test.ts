// `vamana build --memory-limit` keeps its word: the command runs as its own process under GNU time, which reports
// the most memory the kernel ever counted for it, Node included. Needs the compiled command (npm test makes it).
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { linearRandom } from '../tools/random.js';
import { projectRoot } from '../tools/tree.js';
import { temporaryFolder } from './vector-files.js';

const GNU_TIME = '/usr/bin/time';
const ROWS = 60_000;
const DIM = 128;
const QUICK = ['--degree', '24', '--build-list', '24', '--threads', '2'];
const BUILD_TIMEOUT_MS = 120_000;

interface Measured {
  status: number | null;
  stderr: string;
  /** What the kernel counted, in bytes. */
  peak: number;
  report: { rss_peak: number; partitions: number; order: string; rows: number };
}

describe.skipIf(!existsSync(GNU_TIME))('vamana build --memory-limit', () => {
  const folder = temporaryFolder();
  const data = folder.file('rows.u8bin');
  let least: number;

  beforeAll(() => {
    folder.file('rows.u8bin', noisyCopies());
    const refused = build('refused', 1_000_000);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/^error MEMORY_LIMIT: .*the least possible limit for it is \d+$/m);
    least = Number(/is (\d+)$/m.exec(refused.stderr)?.[1]);
  });

  it('stays under the least limit that it names', { timeout: BUILD_TIMEOUT_MS }, () => {
    expectKept(build('least', least), least);
    expect(readdirSync(folder.path).sort()).toEqual(['least', 'rows.u8bin']);
    expect(verify('least')).toMatchObject({ rows: ROWS, unreachable: 0, problems: [] });
  });

  it('stays under a limit that is less than all vectors and the graph take', { timeout: BUILD_TIMEOUT_MS }, () => {
    const limit = least + 4_000_000;
    expectKept(build('more', limit), limit);
    expect(verify('more')).toMatchObject({ rows: ROWS, unreachable: 0, problems: [] });
  });

  function expectKept(measured: Measured, limit: number): void {
    expect(measured.status, measured.stderr).toBe(0);
    expect(measured.stderr).toMatch(/^plan +\d+ overlapping partitions, merged$/m);
    expect(measured.report).toMatchObject({ rows: ROWS });
    expect(measured.report.partitions).toBeGreaterThanOrEqual(3);
    expect(measured.report.rss_peak).toBeLessThanOrEqual(limit);
    expect(measured.peak).toBeLessThanOrEqual(limit);
    // The kernel counts on until the process ends, so it cannot have seen less than the tool did.
    expect(measured.peak).toBeGreaterThan(measured.report.rss_peak * 0.99);
  }

  function build(name: string, limit: number): Measured {
    const command = ['build', '--data', data, '--index', folder.file(name), '--memory-limit', `${limit}`, '--json'];
    const log = folder.file(`${name}.time`);
    const { status, stdout, stderr } = vamana([GNU_TIME, '-v', '-o', log], ...command, ...QUICK);
    const kibibytes = /Maximum resident set size \(kbytes\): (\d+)/.exec(readFileSync(log, 'utf8'))?.[1];
    rmSync(log);
    return {
      status,
      stderr,
      peak: Number(kibibytes) * 1024,
      report: (status === 0 ? JSON.parse(stdout) : {}) as Measured['report'],
    };
  }

  function verify(name: string): unknown {
    return JSON.parse(vamana([], 'verify', folder.file(name), '--json').stdout) as unknown;
  }
});

function vamana(under: string[], ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const [program = '', ...rest] = [
    ...under,
    process.execPath,
    join(projectRoot(), 'dist', 'tools', 'vamana.js'),
    ...args,
  ];
  return spawnSync(program, rest, { encoding: 'utf8' });
}

/** The bundled sample again and again, each copy with noise of its own, so that no two rows are equal. */
function noisyCopies(): Buffer {
  const sample = readFileSync(join(projectRoot(), 'test', 'sample', 'sift-4k.base.u8bin')).subarray(8);
  const bytes = Buffer.alloc(8 + ROWS * DIM);
  bytes.writeInt32LE(ROWS, 0);
  bytes.writeInt32LE(DIM, 4);
  const random = linearRandom(12_345);
  for (let i = 0; i < ROWS * DIM; i++) {
    const noise = Math.floor(random() * 32) - 16;
    bytes[8 + i] = Math.min(255, Math.max(0, (sample[i % sample.length] ?? 0) + noise));
  }
  return bytes;
}
