// `npm run bench [-- FOLDER]`: builds an index of the SIFT set in FOLDER and sweeps list sizes on it, through the
// command itself, so that memory and times are those of separate processes. Writes report.json and report.html to
// bench/out/. Without FOLDER it takes ../shared/data, and the bundled sample where that is missing.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machineFacts } from '../tools/machine.js';
import { printLine, printTable } from '../tools/output.js';
import { type IndexFacts, type SearchDocument, sweepColumns } from '../tools/search-document.js';
import { projectRoot } from '../tools/tree.js';

interface Sweep {
  index: IndexFacts;
  rows: SearchDocument[];
}

const ROOT = projectRoot();
const OUTPUT = join(ROOT, 'bench', 'out');
const SETS = ['photo-sift-1m', 'sift-4k'];
const LIST_SIZES = [20, 30, 40, 60, 80, 120, 200];

function bench(folders: readonly string[]): void {
  const base = findSet(folders);
  const index = join(OUTPUT, 'index');
  mkdirSync(OUTPUT, { recursive: true });
  rmSync(index, { recursive: true, force: true });
  printLine(`building an index of ${base}.base.u8bin`);
  const build: unknown = vamana('build', '--data', `${base}.base.u8bin`, '--index', index);

  const report = join(OUTPUT, 'report.html');
  const queries = ['--queries', `${base}.query.u8bin`, '--truth', `${base}.gt100.ivecs`, '--k', '10'];
  const sweep = vamana(
    'bench',
    '--index',
    index,
    ...queries,
    '--sweep',
    LIST_SIZES.join(),
    '--report',
    report,
  ) as Sweep;
  const measured = { createdAt: new Date().toISOString(), machine: machineFacts(), build, sweep };
  writeFileSync(join(OUTPUT, 'report.json'), `${JSON.stringify(measured, null, 2)}\n`);
  printTable(sweep.rows, sweepColumns);
  printLine(`\nwritten: ${join(OUTPUT, 'report.json')}, ${report}`);
}

function findSet(folders: readonly string[]): string {
  const bases = folders.flatMap((folder) => SETS.map((name) => join(folder, name)));
  const found = bases.find((base) => existsSync(`${base}.base.u8bin`));
  if (found === undefined) throw new Error(`no ${SETS.join(' or ')}.base.u8bin in ${folders.join(', ')}`);
  return found;
}

// Progress and errors of the command go to stderr, which is passed on.
function vamana(...args: string[]): unknown {
  const command = join(ROOT, 'dist', 'tools', 'vamana.js');
  const stdio: ('ignore' | 'pipe' | 'inherit')[] = ['ignore', 'pipe', 'inherit'];
  const output = execFileSync(process.execPath, [command, ...args, '--json'], { encoding: 'utf8', stdio });
  return JSON.parse(output) as unknown;
}

const [given] = process.argv.slice(2);
bench(given === undefined ? [join(ROOT, '..', 'shared', 'data'), join(ROOT, 'test', 'sample')] : [given]);
