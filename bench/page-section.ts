// Sections of pages of the docs that a benchmark writes: what stands between `<!-- NAME -->` and `<!-- end of NAME -->`.
// Called by filters-report.ts and lifecycle/report.ts.
import { readFileSync, writeFileSync } from 'node:fs';

export function writeSection(page: string, name: string, markdown: string): void {
  const text = readFileSync(page, 'utf8');
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`${page}: no section between ${begin} and ${end}`);
  writeFileSync(page, `${text.slice(0, from + begin.length)}\n\n${markdown}\n${text.slice(to)}`);
}
