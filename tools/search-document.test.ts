// The names that scripts rely on, and that tables and facts show every measure.
import { describe, expect, it } from 'vitest';
import { sampleDocument } from '../test/sample-document.js';
import { renderFacts, renderTable } from './output.js';
import { searchFacts, sweepColumns } from './search-document.js';

describe('searchFacts', () => {
  it('shows every measure of the document', () => {
    const text = renderFacts(searchFacts(sampleDocument));
    for (const shown of [
      '4,000 x 128 u8, l2',
      '0.9731',
      '4,322',
      '231.5 us',
      '402 us',
      '977 us',
      '12.25 pages, 50.2 kB',
    ]) {
      expect(text).toContain(shown);
    }
    expect(renderFacts(searchFacts({ ...sampleDocument, recall_at_k: null }))).toContain('give --truth');
    const exact = { ...sampleDocument, params: { ...sampleDocument.params, exact: true } };
    expect(renderFacts(searchFacts(exact))).toContain('exact scan');
  });
});

describe('sweepColumns', () => {
  it('print one line a list size', () => {
    const table = renderTable([sampleDocument, { ...sampleDocument, recall_at_k: null }], sweepColumns);
    expect(table.split('\n')).toHaveLength(4);
    expect(table).toMatch(/^list +recall +qps +mean us +p50 us +p95 us +p99 us +reads/);
    expect(table).toMatch(/\n +64 +0\.9731 +4,322 +232 /);
  });
});
