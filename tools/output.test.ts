// Numbers, sizes and times as texts; tables and facts as lines.
import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatNumber,
  formatSeconds,
  renderFacts,
  renderJson,
  renderTable,
  rounded,
  snakeKeys,
} from './output.js';

describe('formats', () => {
  it('writes numbers the same way everywhere', () => {
    expect([0, 7, 1000, 1234567, -45678].map(formatNumber)).toEqual(['0', '7', '1,000', '1,234,567', '-45,678']);
    expect([0.9731, 12.345678, 123.456, 1234.6, 0.000123].map(formatNumber)).toEqual([
      '0.9731',
      '12.35',
      '123.5',
      '1,235',
      '0.000123',
    ]);
    expect([Number.NaN, Infinity, -Infinity].map(formatNumber)).toEqual(['-', 'inf', '-inf']);
  });

  it('writes sizes in decimal units', () => {
    expect([0, 999, 64e6, 1.5e9, 999_999, 123_456_789].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '64 MB',
      '1.50 GB',
      '1.00 MB',
      '123 MB',
    ]);
  });

  it('writes times', () => {
    expect([0.85, 12.44, 185, 7620].map(formatSeconds)).toEqual(['850 ms', '12.4 s', '3 min 05 s', '2 h 07 min']);
  });

  it('rounds for JSON', () => {
    expect(rounded(0.97310004)).toBe(0.9731);
    expect(rounded(Number.NaN)).toBeNaN();
  });
});

describe('renderTable', () => {
  interface Row {
    name: string;
    size: number;
  }
  const rows = [
    { name: 'a', size: 5 },
    { name: 'long', size: 12345 },
  ];
  const columns = [
    { title: 'name', cell: (row: Row) => row.name },
    { title: 'size', cell: (row: Row) => row.size },
  ];

  it('aligns numbers right and texts left', () => {
    expect(renderTable(rows, columns)).toBe('name    size\na          5\nlong  12,345\n');
  });

  it('prints a header when there are no rows', () => {
    expect(renderTable([], columns)).toBe('name  size\n');
  });

  it('shows missing values and truth values as words', () => {
    expect(
      renderTable(
        [{ a: undefined, b: true }],
        [
          { title: 'a', cell: (row) => row.a },
          { title: 'b', cell: (row) => row.b },
        ],
      ),
    ).toBe('a  b\n-  yes\n');
  });
});

describe('renderFacts', () => {
  it('aligns the values', () => {
    expect(
      renderFacts([
        ['rows', 1000],
        ['metric', 'l2'],
      ]),
    ).toBe('rows    1,000\nmetric  l2\n');
  });
});

describe('renderJson', () => {
  it('is one document, typed arrays and bigints included', () => {
    expect(JSON.parse(renderJson({ a: Float32Array.of(1, 2), b: 12n, c: Number.NaN }))).toEqual({
      a: [1, 2],
      b: '12',
      c: null,
    });
  });
});

describe('snakeKeys', () => {
  it('renames keys at every depth and leaves values alone', () => {
    const value = { bitsPerEdge: 12, files: { graphBytes: [{ aB: 'cD' }] }, none: null };
    expect(snakeKeys(value)).toEqual({ bits_per_edge: 12, files: { graph_bytes: [{ a_b: 'cD' }] }, none: null });
  });
});
