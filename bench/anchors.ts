// Names of the rows of a report's tables, for links to them: of the suite, the table's place in it, and what the row begins
// with. They stay the same from run to run, so that the README can lead to a row. Pure.
import type { Table } from './document.js';

/** Cells that tell a row from the others of its table. */
const CELLS = 2;

/** One a row, all different. `table`: its place in the suite. */
export function rowAnchors(suite: string, table: number, { rows }: Table): string[] {
  const seen = new Map<string, number>();
  return rows.map((row) => {
    const name = slug([suite, table + 1, ...row.slice(0, CELLS)]);
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name}-again-${count}`;
  });
}

function slug(parts: readonly unknown[]): string {
  return parts
    .join(' ')
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/^-+|-+$/g, '');
}
