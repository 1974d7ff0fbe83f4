// Names of the rows of a report's tables, for links to them: of the suite, the table's place in it, and the row's first
// cell, with the second where the first is not its own. So they hold no figures, and mostly stay from run to run. Pure.
import type { Table } from './document.js';

/** One a row, all different. `table`: its place in the suite. */
export function rowAnchors(suite: string, table: number, { rows }: Table): string[] {
  const seen = new Map<string, number>();
  const cells = new Set(rows.map(([first]) => first)).size === rows.length ? 1 : 2;
  return rows.map((row) => {
    const name = slug([suite, table + 1, ...row.slice(0, cells)]);
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
