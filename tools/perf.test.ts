// The verb end to end on a small index, with perf where there is one and without. It runs the compiled command, as
// the verb itself does. Needs the addon.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runVerb, type VerbResult } from '../test/run-verb.js';
import { buildSmallIndex, type SmallIndex } from '../test/small-index.js';
import { register } from './perf.js';
import type { PerfDocument } from './perf-document.js';
import { whyNoPerf } from './perf-stat.js';
import { projectRoot } from './tree.js';

const queries = join(projectRoot(), 'test', 'sample', 'sift-4k.query.u8bin');
let index: SmallIndex;

beforeAll(async () => {
  index = await buildSmallIndex();
});
afterAll(() => index.remove());

function perf(...argv: string[]): Promise<VerbResult> {
  return runVerb(register, 'perf', '--index', index.dir, '--queries', queries, '--io', 'pread', ...argv);
}

async function withoutPerf<Result>(work: () => Promise<Result>): Promise<Result> {
  const path = process.env.PATH;
  process.env.PATH = '';
  try {
    return await work();
  } finally {
    process.env.PATH = path;
  }
}

// Without a cache every round reads alike, so the difference is a round's reads whatever counted.
function expectSound(result: VerbResult): PerfDocument {
  expect(result).toMatchObject({ exitCode: 0 });
  const document = JSON.parse(result.stdout) as PerfDocument;
  const { per_query: cost } = document;
  expect(document).toMatchObject({ queries: 300, params: { list_size: 40, cache_bytes: 0, io: 'pread' } });
  expect(cost.reads).toBeGreaterThan(1);
  expect(cost.read_bytes).toBeCloseTo(4096 * cost.reads, 0);
  expect(cost).toMatchObject({ cache_hits: 0, hit_rate: 0 });
  expect(cost.task_clock_us).not.toBeNull();
  expect(cost.page_faults).not.toBeNull();
  expect(cost.context_switches).not.toBeNull();
  expect(document.beside.page_faults).toBeGreaterThan(1000);
  for (const [name, value] of Object.entries(cost)) {
    if (name === 'instructions_per_cycle') continue;
    expect(value === null, name).toBe(name in document.not_counted);
  }
  return document;
}

const settings = ['--cache', '0', '--list-size', '40', '--repeat', '3', '--json'];

describe('vamana perf', () => {
  it('counts by perf stat', async (context) => {
    const refusal = await whyNoPerf(new AbortController().signal);
    if (refusal !== null) context.skip(refusal);
    const document = expectSound(await perf(...settings));
    expect(document).toMatchObject({ counter: 'perf', counter_note: null });
    expect(document.per_query.cpu_migrations).not.toBeNull();
  });

  it('counts by getrusage where perf is missing, and says what to install', async () => {
    const document = expectSound(await withoutPerf(() => perf(...settings)));
    expect(document).toMatchObject({
      counter: 'getrusage',
      counter_note: 'perf is not installed: apt install linux-perf',
    });
    expect(document.not_counted.cycles).toMatch(/apt install linux-perf/);
  });

  it('prints a table to a person', async () => {
    const { stdout } = await withoutPerf(() => perf('--repeat', '1'));
    expect(stdout).toMatch(/^k 10, list 64, rerank auto, io pread, 1 thread, cache 64 MB$/m);
    expect(stdout).toMatch(/^100 queries, counted by getrusage/m);
    expect(stdout).toMatch(/^perf is not installed: apt install linux-perf$/m);
    expect(stdout).toMatch(/^page faults +-?[\d.,]+ +[\d,]+$/m);
    expect(stdout).toMatch(/^cycles +- +- +counted by perf only/m);
    // The whole index fits the cache, and the first round filled it.
    expect(stdout).toMatch(/^cache hits +[\d.]+ +- +100% of the slots$/m);
  });

  it('fails as the search does', async () => {
    const wrong = join(projectRoot(), 'test', 'sample', 'gloss-4k.query.f16.npy');
    for (const run of [() => perf('--queries', wrong), () => withoutPerf(() => perf('--queries', wrong))]) {
      const { exitCode, stdout, stderr } = await run();
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
      expect(stderr).toMatch(/^error INVALID_ARGUMENT: .*dimension 256.*\n$/);
    }
    const missing = await runVerb(register, 'perf', '--index', join(index.folder, 'none'), '--queries', queries);
    expect(missing).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/^error NOT_FOUND: /) });
  });
});
