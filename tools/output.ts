// What the verbs print on stdout: one JSON document, or aligned tables and facts, with numbers written the
// same way everywhere. Rendering is pure and apart from printing, so that tests and the HTML report share it.
// Not here: progress and errors, which go to stderr (progress.ts, run.ts).

export interface Column<Row> {
  title: string;
  /** Numbers are formatted by formatNumber and aligned right; anything else is text. */
  cell: (row: Row) => unknown;
  /** Default: right when every cell of the column is a number. */
  align?: 'left' | 'right';
}

/** A label and its value, for `renderFacts`. */
export type Fact = readonly [label: string, value: unknown];

/** Prints one JSON document; typed arrays become arrays, bigints decimal strings. */
export function printJson(value: unknown): void {
  process.stdout.write(`${renderJson(value)}\n`);
}

export function printTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): void {
  process.stdout.write(renderTable(rows, columns));
}

export function printFacts(facts: readonly Fact[]): void {
  process.stdout.write(renderFacts(facts));
}

export function printLine(text = ''): void {
  process.stdout.write(`${text}\n`);
}

export function renderJson(value: unknown): string {
  return JSON.stringify(
    value,
    (_key, inner: unknown) => {
      if (typeof inner === 'bigint') return inner.toString();
      if (ArrayBuffer.isView(inner)) return Array.from(inner as Float32Array);
      return inner;
    },
    2,
  );
}

/** An aligned table with a header line; every line ends in a newline. */
export function renderTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const texts = cells.map((line) => line.map(formatCell));
  const widths = columns.map((column, at) =>
    Math.max(width(column.title), ...texts.map((line) => width(line[at] ?? ''))),
  );
  const right = columns.map((column, at) =>
    column.align === undefined
      ? rows.length > 0 && cells.every((line) => isNumeric(line[at]))
      : column.align === 'right',
  );
  const layout = (line: readonly string[]): string =>
    line
      .map((text, at) => pad(text, widths[at] ?? 0, right[at] ?? false))
      .join('  ')
      .trimEnd();
  return [columns.map((column) => column.title), ...texts].map((line) => `${layout(line)}\n`).join('');
}

/** Two aligned columns without a header: label, value. */
export function renderFacts(facts: readonly Fact[]): string {
  const labelWidth = Math.max(0, ...facts.map(([label]) => width(label)));
  return facts
    .map(([label, value]) => `${`${pad(label, labelWidth, false)}  ${formatCell(value)}`.trimEnd()}\n`)
    .join('');
}

/** Integers with thousands separators; other numbers with four significant digits and no exponent. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? '-' : value > 0 ? 'inf' : '-inf';
  if (Number.isInteger(value)) return groupDigits(value.toString());
  const size = Math.abs(value);
  if (size >= 1000) return groupDigits(Math.round(value).toString());
  if (size < 1e-4) return value.toPrecision(4);
  const decimals = Math.min(6, Math.max(0, 3 - Math.floor(Math.log10(size))));
  return value.toFixed(decimals);
}

/** Decimal units, as the options read them: 1 MB is 10^6 bytes. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const text = unit === 0 || Number.isInteger(value) ? value.toString() : value.toPrecision(3);
  return `${text} ${units[unit]}`;
}

/** "850 ms", "12.4 s", "3 min 05 s", "2 h 07 min". */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return '-';
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (value: number): string => value.toString().padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** For JSON: `digits` significant digits, so that documents carry no float noise. */
export function rounded(value: number, digits = 6): number {
  return Number.isFinite(value) ? Number(value.toPrecision(digits)) : value;
}

/** A copy with snake_case keys all the way down: JSON that scripts read is written so. */
export function snakeKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeKeys);
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replace(/[A-Z]/g, (char) => `_${char.toLowerCase()}`),
      snakeKeys(inner),
    ]),
  );
}

const JSON_CHARS = 120;

/** A payload on one line of a table; what does not fit on a usual one is for --json. */
export function shortJson(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? inner.toString() : inner));
  return text.length <= JSON_CHARS ? text : `${text.slice(0, JSON_CHARS - 3)}...`;
}

/** How a cell of a table reads. */
export function formatCell(value: unknown): string {
  if (value === undefined || value === null) return '-';
  if (typeof value === 'number') return formatNumber(value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value);
}

function isNumeric(value: unknown): boolean {
  return typeof value === 'number' || value === undefined || value === null;
}

function groupDigits(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ',');
}

// By code points, so that a text beyond ASCII still lines up in most terminals.
function width(text: string): number {
  return [...text].length;
}

function pad(text: string, to: number, right: boolean): string {
  const fill = ' '.repeat(Math.max(0, to - width(text)));
  return right ? fill + text : text + fill;
}
