// What the README says of speed, memory and reads: lines taken from a report's tables, each with a link to its row, so
// that no figure stands there that was not measured. Pure. Called by publish.ts; figures.test.ts holds the README to it.
import { formatCell, rounded } from '../tools/output.js';
import { rowAnchors } from './anchors.js';
import type { BenchDocument, PeerKind, Table } from './document.js';

export interface Figure {
  what: string;
  value: string;
  /** Of the row in the report. */
  anchor: string;
}

export const BEGIN = '<!-- figures of docs/report.html: npm run bench:publish -->';
export const END = '<!-- end of figures -->';

type Cells = Record<string, string | number | null>;

const RECALL = 0.95;
const KINDS: Record<PeerKind, string> = { ssd: 'files', mmap: 'a mapped file', ram: 'RAM' };

/** Those the report has; suites that failed or were not run give none. */
export function figuresOf(document: BenchDocument): Figure[] {
  return [...recallFigures(document), ...peerFigures(document), ...ingestFigures(document), ...growthFigures(document)];
}

function recallFigures(document: BenchDocument): Figure[] {
  return tablesOf(document, 'recall').flatMap((table) => {
    const row = rowsOf('recall', table).find(({ cells }) => Number(cells.recall) >= RECALL);
    if (row === undefined) return [];
    const { recall, reads, 'mean us': mean, qps } = row.cells;
    const value = `recall@10 ${recall}: ${reads} pages read a query, ${told(mean)} us on average, ${told(qps)} queries a second`;
    return [{ what: table.table.title, value, anchor: row.anchor }];
  });
}

// Of each peer, at one recall; where both curves reach it.
function peerFigures(document: BenchDocument): Figure[] {
  const table = tablesOf(document, 'peers').find(({ table: { title } }) => title.startsWith('vamana against each'));
  if (table === undefined) return [];
  return rowsOf('peers', table)
    .filter(({ cells }) => cells.recall === RECALL && cells.peer !== 'vamana-cache' && cells['qps, 1 thread'] !== null)
    .map(({ cells, anchor }) => {
      const times = (value: unknown): string => String(rounded(Number(value), 2));
      const all = cells['qps, all threads'];
      const others = all === null ? '' : `, ${times(all)} times with all`;
      const pages = cells.reads === null ? '' : `; ${times(cells.reads)} times the pages read`;
      const value = `${times(cells['qps, 1 thread'])} times its queries a second with one thread${others}${pages}`;
      const kind = document.peers.find(({ name }) => name === cells.peer)?.kind;
      const where = kind === undefined ? '' : ` (vectors in ${KINDS[kind]})`;
      return { what: `against ${cells.peer}${where}, recall@10 ${RECALL}`, value, anchor };
    });
}

function ingestFigures(document: BenchDocument): Figure[] {
  return tablesOf(document, 'ingest').flatMap((table) =>
    rowsOf('ingest', table)
      .filter(({ cells }) => /^(burst|\S+ rows after kill)/.test(String(cells.what)))
      .map(({ cells, anchor }) => ({ what: String(cells.what), value: String(cells.measured), anchor })),
  );
}

function growthFigures(document: BenchDocument): Figure[] {
  const table = tablesOf(document, 'growth').find(({ table: { title } }) => title.startsWith('Memory while searching'));
  const row = table === undefined ? undefined : rowsOf('growth', table).at(-1);
  if (row === undefined) return [];
  const { rows, 'bytes/row (graph + codes)': bytes } = row.cells;
  return [{ what: `memory, ${told(rows)} rows`, value: `${told(bytes)} bytes a row in RAM`, anchor: row.anchor }];
}

/** The block of the README, its marks included. */
export function figuresBlock(document: BenchDocument): string {
  const { machine, data, created_at, quick } = document;
  const sets = data.map(({ name, rows, dim, element }) => `${name} (${told(rows)} x ${dim} ${element})`).join(', ');
  const where = `${machine.cpu}, ${machine.cores} cores, ${created_at.slice(0, 10)}, ${quick ? 'quick sizes' : 'all sizes'}`;
  const lines = figuresOf(document).map(
    ({ what, value, anchor }) => `| ${what} | [${value}](docs/report.html#${anchor}) |`,
  );
  return [BEGIN, `${sets}; ${where}:`, '', '| what | measured |', '|---|---|', ...lines, END].join('\n');
}

/** The README with the block of this report in place of the one it has. Throws where it has no marks. */
export function withFigures(readme: string, document: BenchDocument): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin === -1 || end < begin) throw new Error(`the README has no lines ${BEGIN} and ${END}`);
  return readme.slice(0, begin) + figuresBlock(document) + readme.slice(end + END.length);
}

interface Placed {
  table: Table;
  at: number;
}

function tablesOf(document: BenchDocument, suite: string): Placed[] {
  return (document.suites[suite]?.tables ?? []).map((table, at) => ({ table, at }));
}

function rowsOf(suite: string, { table, at }: Placed): { cells: Cells; anchor: string }[] {
  const anchors = rowAnchors(suite, at, table);
  return table.rows.map((row, place) => ({
    cells: Object.fromEntries(table.columns.map((title, column) => [title, row[column] ?? null])),
    anchor: anchors[place] as string,
  }));
}

function told(value: unknown): string {
  return formatCell(value);
}
