// The figures of the README are those of the committed report, and each leads to its row; nothing else there claims any.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../tools/tree.js';
import type { BenchDocument, SuiteDocument, Table } from './document.js';
import { BEGIN, END, figuresBlock, figuresOf, withFigures } from './figures.js';
import { renderBenchPage } from './page.js';

const suite = (tables: Table[]): SuiteDocument => ({
  title: 'A suite',
  status: 'ok',
  began_at: '2026-01-02T03:04:05Z',
  version: '0.1.0',
  seconds: 1,
  commands: [],
  notes: [],
  tables,
  charts: [],
});

const made = {
  created_at: '2026-01-02T03:04:05Z',
  command: 'npm run bench',
  quick: true,
  versions: {},
  machine: {
    ...{ cpu: 'A Processor', cores: 2, memoryBytes: 8e9, kernel: 'Linux 6.1', node: 'v20.20.2' },
    ...{ load_average: 0, disk: null, drops_page_cache: true },
  },
  data: [{ name: 'sift', rows: 1_000_000, dim: 128, element: 'u8', metric: 'l2', queries: 10 }],
  peers: [],
  ratios: [],
  suites: {
    recall: suite([
      { title: 'Builds', columns: ['data', 'seconds'], rows: [['sift', 78]] },
      {
        title: 'sift, 1 thread',
        columns: ['list', 'recall', 'qps', 'mean us', 'reads'],
        rows: [
          [40, '0.9100', 4000, 200, '9.00'],
          [80, '0.9521', 3700, 269, '11.71'],
          [200, '0.9900', 2000, 500, '14.00'],
        ],
      },
    ]),
    peers: suite([
      {
        title: 'vamana against each, at equal recall',
        columns: ['peer', 'recall', 'qps, 1 thread', 'qps, all threads', 'mean us', 'reads'],
        rows: [
          ['one', 0.9, 2, 3, 0.5, 0.4],
          ['one', 0.95, 2.5, 3.5, 0.4, 0.3],
          ['other', 0.95, 1.5, null, 0.6, null],
          ['short', 0.95, null, null, null, null],
        ],
      },
    ]),
    growth: { ...suite([]), status: 'failed', reason: 'no disk left' },
  },
} satisfies BenchDocument as BenchDocument;

describe('the figures of a report', () => {
  it('are taken at 0.95, and lead to rows of the page', () => {
    const figures = figuresOf(made);
    expect(figures.map(({ anchor }) => anchor)).toEqual(['recall-2-80', 'peers-1-one-0.95', 'peers-1-other-0.95']);
    expect(figures[0]?.value).toBe(
      'recall@10 0.9521: 11.71 pages read a query, 269 us on average, 3,700 queries a second',
    );
    expect(figures[2]?.value).toMatch(/^1\.5 times its queries a second with one thread$/);
    const page = renderBenchPage(made);
    for (const { anchor } of figures) expect(page).toContain(`<tr id="${anchor}">`);
  });

  it('replace those that stand in the README', () => {
    const readme = `before\n${BEGIN}\nold | 1\n${END}\nafter\n`;
    expect(withFigures(readme, made)).toBe(`before\n${figuresBlock(made)}\nafter\n`);
    expect(() => withFigures('nothing', made)).toThrow(/no lines/);
  });
});

describe('the README', () => {
  const root = projectRoot();
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const report = join(root, 'docs', 'report.json');

  it('says what the committed report says, and every link leads to a row of it', () => {
    const links = Array.from(readme.matchAll(/\(docs\/report\.html#([^)]*)\)/g), ([, anchor]) => anchor as string);
    if (!existsSync(report)) {
      expect(links).toEqual([]);
      return;
    }
    const document = JSON.parse(readFileSync(report, 'utf8')) as BenchDocument;
    const page = readFileSync(join(root, 'docs', 'report.html'), 'utf8');
    expect(withFigures(readme, document)).toBe(readme);
    expect(links.length).toBeGreaterThan(3);
    for (const anchor of links) expect(page).toContain(` id="${anchor}"`);
    expect(page).not.toMatch(/<script|<link|<img|src=/);
    const peers = document.peers.filter(({ status, rows }) => status === 'ok' && rows.length > 0);
    const libraries = new Set(peers.map(({ name }) => name.split('-')[0]));
    for (const own of ['vamana', 'exact']) libraries.delete(own);
    expect(libraries.size).toBeGreaterThanOrEqual(3);
  });

  it('claims nothing of speed, reads or memory elsewhere', () => {
    const begin = readme.indexOf(BEGIN);
    const rest = readme.slice(0, begin) + readme.slice(readme.indexOf(END));
    const claims =
      /\d[\d,.]*\s*(times|x|us|µs|ms|seconds?|qps|queries a second|rows\/s|reads|pages|bytes a row|bits)\b/i;
    const prose = rest.replace(/^```.*?^```$/gms, '');
    expect(prose.split('\n').filter((line) => claims.test(line) && !line.includes('docs/report.html#'))).toEqual([]);
  });
});
