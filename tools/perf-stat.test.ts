// Outputs of `perf stat -x,` as recorded: a virtual machine without hardware counters, a machine with them, one that
// counts in user space only, one with two kinds of cores. And a real run, where there is perf.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EVENTS, parsePerfStat, runPerfStat, whyNoPerf } from './perf-stat.js';

const signal = new AbortController().signal;

describe('parsePerfStat', () => {
  it('reads a machine without hardware counters', () => {
    const counts = parsePerfStat(
      [
        '50,,page-faults,707973,100.00,70.624,K/sec',
        '1,,major-faults,707973,100.00,1.412,K/sec',
        '2,,context-switches,707973,100.00,2.825,K/sec',
        '0,,cpu-migrations,707973,100.00,0.000,/sec',
        '0.71,msec,task-clock,707973,100.00,0.078,CPUs utilized',
        '<not supported>,,cycles,0,100.00,,',
        '<not supported>,,instructions,0,100.00,,',
        '<not supported>,,cache-misses,0,100.00,,',
        '<not counted>,,branch-misses,0,0.00,,',
        '',
      ].join('\n'),
    );
    expect(Object.keys(counts)).toEqual([...EVENTS]);
    expect(counts['page-faults']).toEqual({ value: 50, reason: null, share: 1 });
    expect(counts['cpu-migrations']).toEqual({ value: 0, reason: null, share: 1 });
    expect(counts['task-clock']).toEqual({ value: 0.71, reason: null, share: 1 });
    expect(counts.cycles).toEqual({ value: null, reason: 'not supported on this machine', share: 0 });
    expect(counts['branch-misses']).toEqual({ value: null, reason: 'not counted', share: 0 });
  });

  it('reads a file of perf, shared registers and events of user space', () => {
    const counts = parsePerfStat(
      [
        '# started on Fri Nov 20 11:22:58 2026',
        '',
        '1834211905,,cycles:u,512334112,62.51,3.580,GHz',
        '2912345678,,instructions:u,512334112,100.00,1.59,insn per cycle',
        ',,,,,0.42,stalled cycles per insn',
      ].join('\n'),
    );
    expect(counts.cycles).toEqual({ value: 1834211905, reason: null, share: 0.6251 });
    expect(counts.instructions.value).toBe(2912345678);
    expect(counts['page-faults']).toEqual({ value: null, reason: 'not in the output of perf', share: 0 });
  });

  it('adds up two kinds of cores', () => {
    const lines = ['300,,cpu_core/cycles/,900,75.00,,', '40,,cpu_atom/cycles/u,300,25.00,,'];
    for (const text of [lines.join('\n'), lines.toReversed().join('\n')]) {
      expect(parsePerfStat(text).cycles).toEqual({ value: 340, reason: null, share: 0.25 });
    }
    const unused = ['300,,cpu_core/cycles/,900,100.00,,', '<not counted>,,cpu_atom/cycles/,0,0.00,,'];
    for (const text of [unused.join('\n'), unused.toReversed().join('\n')]) {
      expect(parsePerfStat(text).cycles).toEqual({ value: 300, reason: null, share: 1 });
    }
  });
});

describe('whyNoPerf', () => {
  it('says what to install', async () => {
    const path = process.env.PATH;
    process.env.PATH = '';
    try {
      expect(await whyNoPerf(signal)).toBe('perf is not installed: apt install linux-perf');
    } finally {
      process.env.PATH = path;
    }
  });
});

const installed = (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'perf')));

describe.runIf(installed)('runPerfStat', () => {
  it('keeps the streams apart and tells lines as they come', async (context) => {
    const refusal = await whyNoPerf(signal);
    if (refusal !== null) context.skip(refusal);
    const lines: string[] = [];
    const script = 'process.stdout.write("out"); process.stderr.write("one\\ntwo\\n"); process.exitCode = 3';
    const run = await runPerfStat([process.execPath, '-e', script], { signal, onLine: (line) => lines.push(line) });
    expect(run).toMatchObject({ exitCode: 3, stdout: 'out', stderr: ['one', 'two'] });
    expect(lines).toEqual(['one', 'two']);
    expect(parsePerfStat(run.log)['page-faults'].value).toBeGreaterThan(100);
  });

  it('ends the program when it is interrupted', async () => {
    const controller = new AbortController();
    const script = 'process.stderr.write(process.pid + "\\n"); setInterval(() => undefined, 1000)';
    let pid = 0;
    const run = runPerfStat([process.execPath, '-e', script], {
      signal: controller.signal,
      onLine: (line) => {
        pid = Number(line);
        controller.abort();
      },
    });
    await expect(run).rejects.toThrow(/abort/i);
    expect(pid).toBeGreaterThan(0);
    await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 5000 }).toBe(false);
  });
});
