// The difference of two runs, worked out by hand, and what the table says where the machine does not count.
import { describe, expect, it } from 'vitest';
import { sampleDocument } from '../test/sample-document.js';
import { renderTable } from './output.js';
import { counted, type PerfInput, perfColumns, perfDocument, perfRows, workOf } from './perf-document.js';
import type { Counts } from './perf-stat.js';

function counts(scale: number): Counts {
  return {
    'page-faults': counted(5000 + 300 * scale),
    'major-faults': counted(7),
    'context-switches': counted(100 + 200 * scale),
    'cpu-migrations': counted(3),
    'task-clock': counted(80 + 20 * scale),
    cycles: { value: 1e9 + 4e7 * scale, reason: null, share: 0.63 },
    instructions: counted(3e9 + 6e7 * scale),
    'cache-misses': { value: null, reason: 'not supported on this machine', share: 0 },
    'branch-misses': { value: null, reason: 'not counted', share: 0 },
  };
}

// One round of 100 queries, then five; the later rounds hit the cache more often.
const input: PerfInput = {
  search: sampleDocument,
  pagesPerSlot: 1,
  counter: 'perf',
  counterNote: null,
  short: { counts: counts(1), work: { queries: 100, reads: 1000, readBytes: 4_096_000, cacheHits: 200 } },
  long: { counts: counts(5), work: { queries: 500, reads: 2200, readBytes: 9_011_200, cacheHits: 3800 } },
};

describe('perfDocument', () => {
  it('takes off what one round costs with its start', () => {
    const document = perfDocument(input);
    expect(document.queries).toBe(400);
    expect(document.per_query).toEqual({
      page_faults: 3,
      major_faults: 0,
      context_switches: 2,
      cpu_migrations: 0,
      task_clock_us: 200,
      cycles: 400_000,
      instructions: 600_000,
      cache_misses: null,
      branch_misses: null,
      instructions_per_cycle: 1.5,
      reads: 3,
      read_bytes: 12_288,
      cache_hits: 9,
      hit_rate: 0.75,
    });
    expect(document.beside).toMatchObject({ page_faults: 5000, major_faults: 7, task_clock_us: 80_000, cycles: 1e9 });
    expect(document.not_counted).toEqual({
      cache_misses: 'not supported on this machine',
      branch_misses: 'not counted',
    });
    expect(document.scaled).toEqual({ cycles: 0.63 });
  });

  it('counts the hit rate in slots, of however many pages', () => {
    expect(perfDocument({ ...input, pagesPerSlot: 3 }).per_query.hit_rate).toBe(0.9);
    const still = { ...input.short.work, queries: 500 };
    expect(perfDocument({ ...input, long: { ...input.long, work: still } }).per_query.hit_rate).toBeNull();
  });

  it('has the work of a search in all', () => {
    expect(workOf(sampleDocument)).toEqual({ queries: 200, reads: 2450, readBytes: 10_035_200, cacheHits: 700 });
  });
});

describe('perfRows', () => {
  it('say plainly what is not counted', () => {
    const table = renderTable(perfRows(perfDocument(input)), perfColumns);
    expect(table).toMatch(/^counter +a query +beside +note$/m);
    expect(table).toMatch(/^page faults +3 +5,000$/m);
    expect(table).toMatch(/^task clock, us +200 +80,000$/m);
    expect(table).toMatch(/^cycles +400,000 +1,000,000,000 +scaled: counted 63% of the time$/m);
    expect(table).toMatch(/^cache misses +- +- +not supported on this machine$/m);
    expect(table).toMatch(/^branch misses +- +- +not counted$/m);
    expect(table).toMatch(/^instructions a cycle +1\.5/m);
    expect(table).toMatch(/^cache hits +9 +- +75% of the slots$/m);
  });
});
