// `npm run bench:publish`: takes the report of bench/out into docs/, where it is committed, and its figures into the
// README. What the tables were made of (`raw`) stays in bench/out: it is most of the bytes.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatBytes, printLine } from '../tools/output.js';
import { projectRoot } from '../tools/tree.js';
import { OUTPUT } from './data-sets.js';
import type { BenchDocument } from './document.js';
import { figuresOf, withFigures } from './figures.js';
import { renderBenchPage } from './page.js';

const BYTES_MAX = 1_000_000;

const document = JSON.parse(readFileSync(join(OUTPUT, 'report.json'), 'utf8')) as BenchDocument;
for (const suite of Object.values(document.suites)) delete suite.raw;
const files = [
  ['report.json', `${JSON.stringify(document, null, 1)}\n`],
  ['report.html', renderBenchPage(document)],
] as const;
for (const [name, text] of files) {
  if (text.length > BYTES_MAX) throw new Error(`${name} has ${text.length} bytes; at most ${BYTES_MAX} are committed`);
}
for (const [name, text] of files) {
  writeFileSync(join(projectRoot(), 'docs', name), text);
  printLine(`docs/${name}: ${formatBytes(text.length)}`);
}
const readme = join(projectRoot(), 'README.md');
writeFileSync(readme, withFigures(readFileSync(readme, 'utf8'), document));
printLine(`README.md: ${figuresOf(document).length} figures`);
