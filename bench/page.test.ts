// The page of the report: every suite in it, failed ones with their reason, nothing from elsewhere.
import { describe, expect, it } from 'vitest';
import type { BenchDocument, SuiteDocument } from './document.js';
import { renderBenchPage } from './page.js';
import { runSuite, type SuiteContext } from './suite.js';

const good: SuiteDocument = {
  title: 'Curves <1>',
  status: 'ok',
  began_at: '2026-01-02T04:05:06.000Z',
  version: '0.1.0 (abc1234)',
  seconds: 12.5,
  commands: ['node dist/tools/vamana.js bench --sweep 20,40'],
  notes: ['No page cache & nothing else.'],
  tables: [
    {
      title: 'A table',
      columns: ['name', 'qps'],
      rows: [
        ['a', 1234],
        ['b', null],
      ],
    },
  ],
  charts: [
    {
      title: 'Reads',
      x: { label: 'recall@10' },
      y: { label: 'pages' },
      series: [
        {
          name: 'a',
          points: [
            { x: 0.9, y: 10 },
            { x: 0.99, y: 20 },
          ],
        },
      ],
    },
  ],
};

function document(suites: Record<string, SuiteDocument>): BenchDocument {
  return {
    created_at: '2026-01-02T03:04:05.000Z',
    command: 'npm run bench -- --suite "a<b>"',
    quick: true,
    versions: { 'vamana-ssd': '0.1.0 (abc1234)', node: 'v20.20.2' },
    machine: {
      cpu: 'A Processor',
      cores: 2,
      memoryBytes: 8e9,
      kernel: 'Linux 6.1',
      node: 'v20.20.2',
      load_average: 3.2,
      disk: { depth1_us: 60, depth32_reads_per_second: 80_000, direct: true },
      drops_page_cache: false,
    },
    data: [{ name: 'sift', rows: 1000, dim: 128, element: 'u8', metric: 'l2', queries: 10 }],
    peers: [],
    ratios: [],
    suites,
  };
}

describe('the page of the report', () => {
  it('shows notes, charts, tables and conditions, and loads nothing', () => {
    const page = renderBenchPage(document({ curves: good }));
    expect(page).toContain('Curves &lt;1&gt;');
    expect(page).toContain('No page cache &amp; nothing else.');
    expect(page).toContain('<td>1,234</td>');
    expect(page.match(/<svg /g)).toHaveLength(1);
    for (const fact of [
      'Commands (1)',
      'bench --sweep 20,40',
      'A Processor',
      'abc1234',
      '&quot;a&lt;b&gt;&quot;',
      '80000 reads/s',
      'not idle',
      'could not be dropped',
    ]) {
      expect(page).toContain(fact);
    }
    expect(page).not.toMatch(/https?:|<script|<link|<img|url\(|NaN|undefined/);
  });

  it('shows a suite that failed with its reason, beside the others', async () => {
    const context = { tell: () => undefined, document: document({}) } as unknown as SuiteContext;
    const failed = await runSuite(
      {
        name: 'broken',
        title: 'Broken',
        quick: true,
        run: async () => {
          throw new Error('no disk left');
        },
      },
      context,
    );
    expect(failed).toMatchObject({ status: 'failed', reason: 'no disk left', tables: [] });
    const page = renderBenchPage(document({ broken: failed, curves: good }));
    expect(page).toContain('Failed: no disk left');
    expect(page).toContain('A table');
  });

  it('shows a suite that a quick run had no time for, and does not run it', async () => {
    const context = { tell: () => undefined, deadline: 0, document: document({}) } as unknown as SuiteContext;
    const run = (): never => {
      throw new Error('it was run');
    };
    const skipped = await runSuite({ name: 'late', title: 'Late', quick: true, run }, context);
    expect(skipped).toMatchObject({ status: 'skipped', seconds: 0 });
    expect(renderBenchPage(document({ late: skipped }))).toContain('Left out: no time left in a quick run');
  });

  it('says of which version a suite is that was kept from an earlier run', () => {
    const page = renderBenchPage(document({ curves: good, kept: { ...good, version: '0.0.9' } }));
    expect(page).toContain('measured 2026-01-02T04:05:06.000Z, in');
    expect(page).toContain('measured 2026-01-02T04:05:06.000Z of vamana-ssd 0.0.9, in');
  });
});
