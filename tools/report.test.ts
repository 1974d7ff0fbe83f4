// The report's structure: charts, a table line a list size, the conditions; nothing from elsewhere.
import { describe, expect, it } from 'vitest';
import { sampleDocument } from '../test/sample-document.js';
import { renderReport } from './report.js';

const rows = [20, 40, 80].map((list, at) => ({
  ...sampleDocument,
  params: { ...sampleDocument.params, list_size: list },
  recall_at_k: 0.9 + at * 0.04,
  qps: 6000 - 1000 * at,
}));
const facts = {
  createdAt: '2026-01-02T03:04:05.000Z',
  commandLine: 'vamana bench --index "a<b>" --sweep 20,40,80',
  machine: { cpu: 'A Processor', cores: 2, memoryBytes: 8e9, kernel: 'Linux 6.1', node: 'v20.20.2' },
};

describe('renderReport', () => {
  it('holds four charts and a line a list size', () => {
    const page = renderReport({ ...facts, rows });
    expect(page.match(/<svg /g)).toHaveLength(4);
    expect(page.match(/<\/tr>/g)?.length).toBe(1 + 3 + 10);
    expect(page).toContain('<td>0.9800</td>');
    expect(page).not.toContain('NaN');
  });

  it('says under what conditions it was measured', () => {
    const page = renderReport({ ...facts, rows });
    for (const fact of [
      'a&lt;b&gt;',
      '2026-01-02T03:04:05.000Z',
      'A Processor, 2 cores',
      'Linux 6.1',
      'v20.20.2',
      'io uring',
    ]) {
      expect(page).toContain(fact);
    }
  });

  it('loads nothing from elsewhere and serves light and dark screens', () => {
    const page = renderReport({ ...facts, rows });
    expect(page).not.toMatch(/https?:|<script|<link|<img|url\(/);
    expect(page).toContain('prefers-color-scheme: dark');
    expect(page.startsWith('<!doctype html>')).toBe(true);
  });

  it('can be made of no rows', () => {
    expect(renderReport({ ...facts, rows: [] })).toContain('no data');
  });
});
