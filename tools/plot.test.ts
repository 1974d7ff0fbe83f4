// The structure of a chart: what is drawn, where it lies, what is escaped.
import { describe, expect, it } from 'vitest';
import { linearTicks, lineChart, logTicks } from './plot.js';

const POINTS = [
  { x: 0.9, y: 1000, label: 'L=20' },
  { x: 0.95, y: 500, label: 'L=40' },
  { x: 0.99, y: 100, label: 'L=80' },
];

function attribute(svg: string, element: string, name: string): number[] {
  const pattern = new RegExp(`<${element}[^>]* ${name}="([^"]*)"`, 'g');
  return Array.from(svg.matchAll(pattern), (match) => Number(match[1]));
}

describe('lineChart', () => {
  it('draws a mark and a tip for every point, inside the picture', () => {
    const svg = lineChart({
      title: 'T',
      x: { label: 'recall' },
      y: { label: 'QPS' },
      series: [{ name: 'a', points: POINTS }],
    });
    expect(svg.match(/<circle/g)).toHaveLength(3);
    expect(svg.match(/<title>L=\d+<\/title>/g)).toHaveLength(3);
    const lefts = attribute(svg, 'circle', 'cx');
    const tops = attribute(svg, 'circle', 'cy');
    expect(lefts).toEqual([...lefts].sort((a, b) => a - b));
    expect(tops).toEqual([...tops].sort((a, b) => a - b));
    for (const left of lefts) expect(left).toBeGreaterThan(72);
    for (const top of tops) expect(top).toBeLessThan(380 - 52);
    expect(svg).toContain('recall</text>');
    expect(svg).not.toContain('NaN');
  });

  it('spaces a logarithmic axis by ratio', () => {
    const points = [1, 10, 100].map((y, x) => ({ x, y }));
    const svg = lineChart({
      title: 'T',
      x: { label: 'x' },
      y: { label: 'y', log: true },
      series: [{ name: 'a', points }],
    });
    const tops = attribute(svg, 'circle', 'cy');
    expect((tops[0] ?? 0) - (tops[1] ?? 0)).toBeCloseTo((tops[1] ?? 0) - (tops[2] ?? 0), 0);
  });

  it('has a legend only when there is more than one series', () => {
    const one = { name: 'mean', points: POINTS };
    const chart = { title: 'T', x: { label: 'x' }, y: { label: 'y' } };
    expect(lineChart({ ...chart, series: [one] })).not.toContain('>mean<');
    expect(lineChart({ ...chart, series: [one, { name: 'p99', points: POINTS }] })).toContain('>p99<');
  });

  it('wraps a long legend upwards and leaves the plot where it is', () => {
    const named = (count: number): string =>
      lineChart({
        title: 'T',
        x: { label: 'x' },
        y: { label: 'y' },
        series: Array.from({ length: count }, (_, at) => ({ name: `a rather long name ${at}`, points: POINTS })),
      });
    const [few, many] = [named(2), named(9)];
    expect(many).toMatch(/viewBox="0 -\d+ 640 \d+"/);
    expect(few).toContain('viewBox="0 0 640 380"');
    // The marks of a series, which are drawn after the legend's.
    expect(attribute(many, 'circle', 'cy').slice(-3)).toEqual(attribute(few, 'circle', 'cy').slice(-3));
    for (const left of attribute(many, 'circle', 'cx')) expect(left).toBeLessThan(640);
    expect(many).toContain('class="mark s9"');
  });

  it('keeps padding within the bounds of an axis', () => {
    const svg = lineChart({
      title: 'T',
      x: { label: 'x', most: 1 },
      y: { label: 'y' },
      series: [
        {
          name: 'a',
          points: [
            { x: 0.9, y: 1 },
            { x: 1, y: 2 },
          ],
        },
      ],
    });
    expect(attribute(svg, 'circle', 'cx')[1]).toBe(640 - 20);
  });

  it('draws one point, none, and leaves out what a scale cannot show', () => {
    const chart = (points: { x: number; y: number }[]): string =>
      lineChart({ title: 'T', x: { label: 'x' }, y: { label: 'y', log: true }, series: [{ name: 'a', points }] });
    expect(chart([{ x: 1, y: 5 }])).not.toContain('NaN');
    expect(chart([])).toContain('no data');
    expect(
      chart([
        { x: 1, y: 0 },
        { x: 2, y: Number.NaN },
        { x: 3, y: 4 },
      ]).match(/<circle/g),
    ).toHaveLength(1);
  });

  it('escapes texts', () => {
    const svg = lineChart({ title: 'a<b & "c"', x: { label: '<i>' }, y: { label: 'y' }, series: [] });
    expect(svg).toContain('a&lt;b &amp; &quot;c&quot;');
    expect(svg).not.toContain('<i>');
  });
});

describe('ticks', () => {
  it('are round numbers', () => {
    expect(linearTicks(0.88, 1)).toEqual([0.88, 0.9, 0.92, 0.94, 0.96, 0.98, 1]);
    expect(linearTicks(0, 60)).toEqual([0, 10, 20, 30, 40, 50, 60]);
    expect(linearTicks(-3, 7)).toEqual([-2, 0, 2, 4, 6]);
    expect(logTicks(90, 1200)).toEqual([100, 200, 500, 1000]);
    expect(logTicks(1, 1e6)).toEqual([1, 10, 100, 1000, 10_000, 100_000, 1_000_000]);
  });
});
