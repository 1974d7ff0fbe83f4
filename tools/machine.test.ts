// Parsing of /proc texts, and that this machine has such facts at all.
import { describe, expect, it } from 'vitest';
import { machineFacts, parseProcStatus, parseSmaps, processMemory } from './machine.js';

describe('machine', () => {
  it('reads /proc/self/status', () => {
    const text =
      'Name:\tnode\nVmPeak:\t  900 kB\nVmHWM:\t   500 kB\nVmRSS:\t   400 kB\nRssAnon:\t   300 kB\nRssFile:\t 100 kB\n';
    expect(parseProcStatus(text)).toEqual({ rssPeak: 512_000, rss: 409_600, anonymous: 307_200 });
    expect(parseProcStatus('')).toEqual({ rssPeak: 0, rss: 0, anonymous: 0 });
  });

  it('adds up what is resident of one folder', () => {
    const smaps = [
      '7f00-7f10 r--s 00000000 fd:00 42    /data/my index/vectors.seg',
      'Size: 64 kB',
      'Rss:  16 kB',
      '7f10-7f20 r--s 00000000 fd:00 43    /data/my index-2/vectors.seg',
      'Rss:  32 kB',
      '7f20-7f30 rw-p 00000000 00:00 0 ',
      'Rss:  64 kB',
    ].join('\n');
    expect(parseSmaps(smaps, '/data/my index')).toBe(16 * 1024);
    expect(parseSmaps('', '/data')).toBe(0);
  });

  it('finds facts here', () => {
    expect(machineFacts().cores).toBeGreaterThan(0);
    expect(machineFacts().cpu).not.toBe('');
    if (process.platform === 'linux') expect(processMemory().rssPeak).toBeGreaterThan(1e6);
  });
});
