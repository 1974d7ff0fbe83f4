// A line chart as one SVG string: axes, ticks, grid, points, legend; linear or logarithmic. Colours come
// from the CSS variables in `plotStyle`, so that one chart serves light and dark pages. No script, nothing
// loaded from elsewhere. Used by report.ts; knows nothing of searches.

export interface Point {
  x: number;
  y: number;
  /** Shown when pointing at the mark, and beside the first and last mark of the first series. */
  label?: string;
}

export interface Series {
  name: string;
  points: readonly Point[];
}

export interface Axis {
  label: string;
  /** Values of 0 and below are left out. */
  log?: boolean;
  /** Bounds that the padding does not cross, such as 1 for a share. */
  least?: number;
  most?: number;
}

export interface LineChart {
  title: string;
  x: Axis;
  y: Axis;
  series: readonly Series[];
}

/** Style rules that a page with charts includes once. */
export const plotStyle = `
:root { --plot-text: #3b3f46; --plot-grid: #dfe2e6; --plot-page: #ffffff;
  --series-1: #2166ac; --series-2: #c4501b; --series-3: #2f7d4f; --series-4: #7b4fa3; --series-5: #a3771b;
  --series-6: #b03060; --series-7: #1b8a94; --series-8: #6b6f76; --series-9: #8a5a3c; --series-10: #4e7d12; }
@media (prefers-color-scheme: dark) { :root { --plot-text: #c3c8d0; --plot-grid: #363b43; --plot-page: #16181c;
  --series-1: #6aaef0; --series-2: #f0935f; --series-3: #6cc391; --series-4: #b996e0; --series-5: #dcb154;
  --series-6: #ee86ac; --series-7: #5fcbd4; --series-8: #a6abb3; --series-9: #cf9d7d; --series-10: #a2ce62; } }
.plot { width: 100%; height: auto; font: 12px system-ui, sans-serif; }
.plot text { fill: var(--plot-text); }
.plot .title { font-size: 14px; font-weight: 600; }
.plot .grid { stroke: var(--plot-grid); stroke-width: 1; }
.plot .axis { stroke: var(--plot-text); stroke-width: 1; }
.plot .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.plot .mark { stroke: var(--plot-page); stroke-width: 1.5; }
${Array.from({ length: 10 }, (_, at) => at + 1)
  .map((n) => `.plot .line.s${n} { stroke: var(--series-${n}); } .plot .mark.s${n} { fill: var(--series-${n}); }`)
  .join('\n')}
`;

const WIDTH = 640;
const HEIGHT = 380;
const LEFT = 72;
const RIGHT = 20;
const TOP = 62;
const BOTTOM = 52;
const COLOURS = 10;
const LEGEND_LINE = 18;

export function lineChart(chart: LineChart): string {
  const series = chart.series.map((one) => ({ ...one, points: drawable(one.points, chart) }));
  const points = series.flatMap((one) => one.points);
  const x = createScale(
    chart.x,
    points.map((point) => point.x),
    LEFT,
    WIDTH - RIGHT,
  );
  const y = createScale(
    chart.y,
    points.map((point) => point.y),
    HEIGHT - BOTTOM,
    TOP,
  );
  const key = chart.series.length > 1 ? legend(chart.series) : { parts: [], lines: 1 };
  // A legend of several lines grows upwards, so that the plot itself is the same in every chart.
  const above = (key.lines - 1) * LEGEND_LINE;
  const parts = [
    `<text class="title" x="${LEFT}" y="${20 - above}">${escapeXml(chart.title)}</text>`,
    ...key.parts,
    ...verticalTicks(x),
    ...horizontalTicks(y),
    line('axis', LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM),
    line('axis', LEFT, TOP, LEFT, HEIGHT - BOTTOM),
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 12}" text-anchor="middle">${escapeXml(chart.x.label)}</text>`,
    `<text transform="translate(16 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${escapeXml(chart.y.label)}</text>`,
    ...(points.length === 0 ? [`<text x="${WIDTH / 2}" y="${HEIGHT / 2}" text-anchor="middle">no data</text>`] : []),
    ...series.map((one, at) => curve(one, at, x, y)),
  ];
  const name = escapeXml(chart.title);
  return `<svg class="plot" viewBox="0 ${-above} ${WIDTH} ${HEIGHT + above}" role="img" aria-label="${name}">${parts.join('\n')}</svg>`;
}

/** Charts one above the other as one file, which brings its style with it. */
export function svgFile(charts: readonly string[]): string {
  const parts = charts.map((chart, at) => `<g transform="translate(0 ${at * (HEIGHT + LEGEND_LINE)})">${chart}</g>`);
  const height = charts.length * (HEIGHT + LEGEND_LINE);
  const background = `<rect width="${WIDTH}" height="${height}" style="fill: var(--plot-page)"/>`;
  const sized = parts.map((part) =>
    part.replace('<svg class="plot"', `<svg class="part" width="${WIDTH}" height="${HEIGHT}"`),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 ${WIDTH} ${height}">`,
    `<style>${plotStyle}</style>`,
    background,
    ...sized,
    '</svg>\n',
  ].join('\n');
}

/** Round values that divide [low, high] into about `count` parts. */
export function linearTicks(low: number, high: number, count = 6): number[] {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => power * factor >= rough * 0.999) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return Array.from({ length: last - first + 1 }, (_, at) => Number(((first + at) * step).toFixed(decimals)));
}

/** Powers of ten in [low, high], with 2 and 5 times them while there are few. */
export function logTicks(low: number, high: number): number[] {
  for (const factors of [[1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 5], [1]]) {
    const ticks: number[] = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) {
      ticks.push(...factors.map((factor) => Number((factor * 10 ** power).toPrecision(12))));
    }
    const inside = ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
    if (inside.length <= 9) return inside;
  }
  return [low, high];
}

interface Scale {
  at(value: number): number;
  ticks: number[];
}

function createScale(axis: Axis, values: readonly number[], from: number, to: number): Scale {
  const [low, high] = axis.log ? logDomain(values) : linearDomain(axis, values);
  const map = axis.log ? Math.log10 : (value: number): number => value;
  const span = map(high) - map(low);
  return {
    at: (value) => from + ((map(value) - map(low)) / span) * (to - from),
    ticks: axis.log ? logTicks(low, high) : linearTicks(low, high),
  };
}

function linearDomain(axis: Axis, values: readonly number[]): [number, number] {
  if (values.length === 0) return [0, 1];
  const low = Math.min(...values);
  const high = Math.max(...values);
  const margin = high > low ? (high - low) * 0.06 : Math.abs(high) * 0.1 || 1;
  const bounded: [number, number] = [
    Math.max(axis.least ?? Number.NEGATIVE_INFINITY, low - margin),
    Math.min(axis.most ?? Number.POSITIVE_INFINITY, high + margin),
  ];
  return bounded[1] > bounded[0] ? bounded : [low - margin, high + margin];
}

function logDomain(values: readonly number[]): [number, number] {
  if (values.length === 0) return [1, 10];
  return [Math.min(...values) / 1.2, Math.max(...values) * 1.2];
}

function drawable(points: readonly Point[], chart: LineChart): Point[] {
  return points.filter(
    ({ x, y }) =>
      Number.isFinite(x) &&
      Number.isFinite(y) &&
      !(chart.x.log === true && x <= 0) &&
      !(chart.y.log === true && y <= 0),
  );
}

function curve(series: Series, at: number, x: Scale, y: Scale): string {
  const colour = `s${(at % COLOURS) + 1}`;
  const places = series.points.map((point) => ({ ...point, left: fixed(x.at(point.x)), top: fixed(y.at(point.y)) }));
  const path = places.map(({ left, top }) => `${left},${top}`).join(' ');
  const marks = places.map(({ left, top, label }, index) => {
    const tip = label === undefined ? '' : `<title>${escapeXml(label)}</title>`;
    const beside = at === 0 && label !== undefined && (index === 0 || index === places.length - 1);
    const text = beside
      ? `<text x="${left}" y="${top - 9}" text-anchor="${anchor(left)}">${escapeXml(label)}</text>`
      : '';
    return `<circle class="mark ${colour}" cx="${left}" cy="${top}" r="4.5">${tip}</circle>${text}`;
  });
  return `<g><polyline class="line ${colour}" points="${path}"/>${marks.join('')}</g>`;
}

function verticalTicks(x: Scale): string[] {
  return x.ticks.map((tick) => {
    const left = fixed(x.at(tick));
    const text = `<text x="${left}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${tickText(tick)}</text>`;
    return line('grid', left, TOP, left, HEIGHT - BOTTOM) + text;
  });
}

function horizontalTicks(y: Scale): string[] {
  return y.ticks.map((tick) => {
    const top = fixed(y.at(tick));
    const text = `<text x="${LEFT - 8}" y="${top + 4}" text-anchor="end">${tickText(tick)}</text>`;
    return line('grid', LEFT, top, WIDTH - RIGHT, top) + text;
  });
}

function legend(series: readonly Series[]): { parts: string[]; lines: number } {
  const places: { left: number; line: number }[] = [];
  let left = LEFT;
  let line = 0;
  for (const { name } of series) {
    const width = 36 + name.length * 7;
    if (left > LEFT && left + width > WIDTH) {
      left = LEFT;
      line += 1;
    }
    places.push({ left, line });
    left += width;
  }
  const parts = series.map(({ name }, at) => {
    const place = places[at] ?? { left: LEFT, line: 0 };
    const middle = 38 - (line - place.line) * LEGEND_LINE;
    const mark = `<circle class="mark s${(at % COLOURS) + 1}" cx="${place.left + 6}" cy="${middle}" r="5"/>`;
    return `${mark}<text x="${place.left + 16}" y="${middle + 4}">${escapeXml(name)}</text>`;
  });
  return { parts, lines: line + 1 };
}

function line(style: string, x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="${style}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`;
}

// Labels near an edge stay inside the picture.
function anchor(left: number): string {
  if (left < LEFT + 30) return 'start';
  return left > WIDTH - RIGHT - 30 ? 'end' : 'middle';
}

function tickText(tick: number): string {
  if (Math.abs(tick) >= 10_000) return `${Number((tick / 1000).toPrecision(6))}k`;
  return Number(tick.toPrecision(6)).toString();
}

function fixed(value: number): number {
  return Math.round(value * 10) / 10;
}

export function escapeXml(text: string): string {
  const names: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (char) => names[char] ?? char);
}
