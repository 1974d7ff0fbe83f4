// Progress with a clock and a stream of the test's own.
import { describe, expect, it } from 'vitest';
import { createProgress, createStagedProgress } from './progress.js';

// To the start of the line, and clear it.
const REWRITE = '\r\x1b[K';

function sink(isTTY: boolean): {
  stream: { isTTY: boolean; columns: number; write(text: string): void };
  texts: string[];
} {
  const texts: string[] = [];
  return { stream: { isTTY, columns: 80, write: (text) => void texts.push(text) }, texts };
}

describe('createProgress', () => {
  it('rewrites one line on a terminal, at most ten times a second', () => {
    const { stream, texts } = sink(true);
    let now = 0;
    const progress = createProgress({ label: 'graph', total: 1000, unit: 'rows', stream, nowMs: () => now });
    for (now = 0; now <= 1000; now += 10) progress.update(now / 2);
    progress.end();
    progress.end();
    expect(texts.length).toBeLessThanOrEqual(14);
    for (const text of texts.slice(0, -1)) expect(text.startsWith(REWRITE)).toBe(true);
    expect(texts.at(-4)).toMatch(/graph: \d+\.\d% of 1,000 rows, 500 rows\/s, ETA \d\.\d s$/);
    expect(texts.slice(-2)).toEqual([`${REWRITE}graph: 500 rows in 1.0 s`, '\n']);
  });

  it('keeps a line within the terminal, and takes one that tells no width for 80 columns', () => {
    const longest = (columns: number): number => {
      const { stream, texts } = sink(true);
      let now = 0;
      const progress = createProgress({
        label: 'x'.repeat(100),
        unit: 'rows',
        stream: { ...stream, columns },
        nowMs: () => now,
      });
      now = 1000;
      progress.update(1);
      return (texts[0] ?? '').length - REWRITE.length;
    };
    expect([longest(40), longest(0)]).toEqual([39, 79]);
  });

  it('shows nothing of work that is over at once', () => {
    const { stream, texts } = sink(true);
    let now = 0;
    const progress = createProgress({ label: 'search', total: 10, unit: 'queries', stream, nowMs: () => now });
    for (now = 0; now < 300; now += 10) progress.update(1);
    progress.end();
    expect(texts).toEqual([]);
  });

  it('writes a line every five seconds elsewhere, and nothing for short work', () => {
    const { stream, texts } = sink(false);
    let now = 0;
    const short = createProgress({ label: 'read', total: 10, unit: 'rows', stream, nowMs: () => now });
    now = 4000;
    short.update(10);
    short.end();
    expect(texts).toEqual([]);

    const long = createProgress({ label: 'read', total: 2000, unit: 'rows', stream, nowMs: () => now });
    for (let step = 1; step <= 11; step += 1) {
      now += 1000;
      long.update(step * 100);
    }
    long.end();
    expect(texts).toEqual([
      'read: 25.0% of 2,000 rows, 100 rows/s, ETA 15.0 s\n',
      'read: 50.0% of 2,000 rows, 100 rows/s, ETA 10.0 s\n',
      'read: 1,100 rows in 11.0 s\n',
    ]);
  });

  it('follows a change of pace and needs no total', () => {
    const { stream, texts } = sink(false);
    let now = 0;
    const progress = createProgress({ label: 'x', unit: 'bytes', stream, nowMs: () => now });
    for (now = 5000; now <= 60_000; now += 5000) progress.update(now <= 30_000 ? now : 30_000 + (now - 30_000) / 100);
    expect(texts[0]).toBe('x: 5 kB, 1 kB/s\n');
    expect(texts.at(-1)).toBe('x: 30.3 kB, 10 B/s\n');
  });
});

describe('createStagedProgress', () => {
  it('ends a stage when the next begins, and counts its time from there', () => {
    const { stream, texts } = sink(true);
    let now = 0;
    const progress = createStagedProgress('rows', { stream, nowMs: () => now });
    now = 2000;
    progress.update({ stage: 'read', done: 5, total: 10 });
    now = 5000;
    progress.update({ stage: 'train', done: 1, total: 1 });
    now = 6000;
    progress.update({ stage: 'graph', done: 20, total: 200 });
    progress.end();
    expect(texts.join('').split(REWRITE)).toEqual([
      '',
      'read: 50.0% of 10 rows, 3 rows/s, ETA 2.0 s',
      'read: 5 rows in 2.0 s\n',
      'train',
      'train: done in 3.0 s\n',
      'graph: 10.0% of 200 rows, 20 rows/s, ETA 9.0 s',
      'graph: 20 rows in 1.0 s\n',
    ]);
  });

  it('counts each stage in its own unit', () => {
    const { stream, texts } = sink(false);
    let now = 0;
    const unit = (stage: string): string => (stage === 'copy' ? 'bytes' : 'points');
    const progress = createStagedProgress(unit, { stream, nowMs: () => now });
    now = 6000;
    progress.update({ stage: 'copy', done: 3000, total: 6000 });
    now = 12_000;
    progress.update({ stage: 'check', done: 6, total: 12 });
    progress.end();
    expect(texts.map((text) => text.split(',')[0])).toEqual([
      'copy: 50.0% of 6 kB',
      'copy: 3 kB in 6.0 s\n',
      'check: 50.0% of 12 points',
      'check: 6 points in 6.0 s\n',
    ]);
  });
});
