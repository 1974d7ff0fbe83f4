// Proves the package as users get it: what `npm pack` makes is installed in an empty project, imported as ESM, compiled
// against, run as a command; with the prebuilt addon, and with the addon compiled there. Takes minutes and
// the registry, so it is run by hand: test/long/package.ts.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectRoot } from '../tools/tree.js';

export interface PackageReport {
  files: number;
  bytes: number;
  /** Versions of Node under which the smoke test passed. */
  compiled: string[];
  prebuilt: string[];
  /** What could not be tried, and why. */
  skipped: string[];
}

interface Node {
  binary: string;
  /** The folder that has them in `include/node`; where node-gyp finds them by itself, none. */
  headers?: string;
}

const THIS: Node = { binary: process.execPath };

const SMOKE = `
import { buildIndex, open, openIndex, VamanaError } from 'vamana-ssd';
import { writeFileSync } from 'node:fs';

writeFileSync('rows.jsonl', Array.from({ length: 200 }, (_, i) => JSON.stringify([i, i % 7, i % 3])).join('\\n'));
await buildIndex({ data: 'rows.jsonl', index: 'rows.index' });
const index = await openIndex('rows.index');
const { rows } = await index.search(new Float32Array([42, 0, 0]), { k: 1 });
await index.close();
const database = await open('points.db');
const points = await database.createCollection('points', { dim: 2 });
await points.upsert([{ id: 2n ** 64n - 1n, vector: [1, 2], payload: { a: 1 } }]);
const [found] = await points.search([1, 2], { k: 1, withPayload: true });
await database.close();
if (rows[0] !== 42 || found?.id !== 2n ** 64n - 1n || !(new VamanaError('IO', 'x') instanceof Error)) {
  throw new Error(\`found \${rows[0]} and \${found?.id}\`);
}
console.log('smoke passed');
`;

const TYPES = `
import { type Collection, type CollectionOptions, open, type SearchOptions, VamanaError } from 'vamana-ssd';

const options: CollectionOptions = { dim: 2, metric: 'cosine' };
const search: SearchOptions = { k: 3 };
export async function use(dir: string): Promise<bigint | string | undefined> {
  await using database = await open(dir);
  const points: Collection = await database.createCollection('points', options);
  const [first] = await points.search([1, 2], { k: search.k ?? 1 });
  return first?.id;
}
// @ts-expect-error no such metric
export const wrong: CollectionOptions = { dim: 2, metric: 'hamming' };
export const code: string = new VamanaError('IO', 'x').code;
`;

const COMPILER_OPTIONS = {
  target: 'ES2022',
  lib: ['ES2023', 'ESNext.Disposable'],
  module: 'NodeNext',
  moduleResolution: 'NodeNext',
  types: ['node'],
  strict: true,
  // The declarations of lmdb, which ours name, are not right for ESM: its own line 505.
  skipLibCheck: true,
  noEmit: true,
};

/** `say` hears each step. Throws with the output of what failed. */
export function runPackage(compile: boolean, say: (line: string) => void): PackageReport {
  const folder = mkdtempSync(join(tmpdir(), 'vamana-package-'));
  const report: PackageReport = { files: 0, bytes: 0, compiled: [], prebuilt: [], skipped: [] };
  try {
    say('packing');
    const tarball = pack(folder, report);
    say('installing with the prebuilt addon');
    const built = run(projectRoot(), process.execPath, 'tools/prebuild.mjs', folder).trim();
    const prebuilt = project(join(folder, 'prebuilt'));
    run(prebuilt, 'npm', 'install', '--no-audit', '--no-fund', built, tarball);
    requireUncompiled(join(prebuilt, 'node_modules', 'vamana-ssd'));
    report.prebuilt.push(smoke(prebuilt, THIS, say));
    checkTypes(prebuilt, say);
    tryNewer(folder, [built, tarball], report, say);

    if (!compile) {
      report.skipped.push('compiling in place: --compile 0');
      return report;
    }
    say('installing without it, compiling the addon');
    const compiled = project(join(folder, 'compiled'));
    run(compiled, 'npm', 'install', '--no-audit', '--no-fund', tarball);
    report.compiled.push(smoke(compiled, THIS, say));
    return report;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// In a project of its own: `roaring` is compiled for the very Node that installs it.
function tryNewer(folder: string, packages: string[], report: PackageReport, say: (line: string) => void): void {
  const root = newerNode(folder, say);
  if (root === undefined) {
    report.skipped.push(`Node 22: npm has no ${NEWER} for this machine`);
    return;
  }
  const node: Node = { binary: join(root, 'bin', 'node'), headers: root };
  const dir = project(join(folder, 'newer'));
  runUnder(node, dir, 'npm', 'install', '--no-audit', '--no-fund', ...packages);
  report.prebuilt.push(smoke(dir, node, say));
}

/** The install script found the prebuilt addon; and once more where there is no compiler at all. */
function requireUncompiled(own: string): void {
  execFileSync(process.execPath, ['tools/install.mjs'], { cwd: own, env: { PATH: '' }, stdio: 'pipe' });
  if (existsSync(join(own, 'build'))) throw new Error('install.mjs compiled although the prebuilt addon was there');
}

function pack(folder: string, report: PackageReport): string {
  const text = run(projectRoot(), 'npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', folder);
  const [packed] = JSON.parse(text) as { filename: string; size: number; files: { path: string }[] }[];
  if (packed === undefined) throw new Error(`npm pack said ${text}`);
  const paths = packed.files.map(({ path }) => path);
  const wrong = paths.filter((path) => UNWANTED.some((pattern) => pattern.test(path)));
  if (wrong.length > 0) throw new Error(`in the tarball, and should not be: ${wrong.slice(0, 10).join(', ')}`);
  const missing = WANTED.filter((path) => !paths.includes(path));
  if (missing.length > 0) throw new Error(`missing in the tarball: ${missing.join(', ')}`);
  report.files = paths.length;
  report.bytes = packed.size;
  return join(folder, packed.filename);
}

/** Tests, benchmarks, what was built here, sources that dist/ replaces. */
const UNWANTED = [
  /\.test\./,
  /_test\.cc$/,
  /^(test|bench|build|src|docs|\.ci|node_modules)\//,
  /^dist\/(test|bench)\//,
  /\.node$/,
  /stamp$/,
];
const WANTED = [
  'dist/src/index.js',
  'dist/src/index.d.ts',
  'dist/tools/vamana.js',
  'native/sources.txt',
  'CMakeLists.txt',
  'binding.gyp',
  'tools/install.mjs',
  'tools/project.mjs',
  'README.md',
  'LICENSE',
];

/** npm's own package of Node 22, its binary and headers, which runs beside the one that runs this. */
const NEWER = `node-${process.platform}-${process.arch}@22`;

function newerNode(folder: string, say: (line: string) => void): string | undefined {
  const dir = project(join(folder, 'node22'));
  say(`fetching ${NEWER} from npm`);
  try {
    run(dir, 'npm', 'install', '--no-audit', '--no-fund', NEWER);
  } catch (error) {
    if (!/E404|ETARGET/.test(String(error))) throw error;
    return undefined;
  }
  return join(dir, 'node_modules', NEWER.slice(0, NEWER.indexOf('@')));
}

function project(dir: string): string {
  mkdirSync(dir);
  writeFileSync(join(dir, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }));
  writeFileSync(join(dir, 'smoke.js'), SMOKE);
  return dir;
}

function smoke(dir: string, node: Node, say: (line: string) => void): string {
  for (const name of ['rows.index', 'points.db']) rmSync(join(dir, name), { recursive: true, force: true });
  const version = runUnder(node, dir, node.binary, '--version').trim();
  const output = runUnder(node, dir, node.binary, 'smoke.js');
  if (!output.includes('smoke passed')) throw new Error(`under ${version}: ${output}`);
  const command = join(dir, 'node_modules', 'vamana-ssd', 'dist', 'tools', 'vamana.js');
  const text = runUnder(node, dir, node.binary, command, 'inspect', 'rows.index', '--json');
  const inspected = JSON.parse(text) as { rows?: number };
  if (inspected.rows !== 200) throw new Error(`vamana inspect says ${JSON.stringify(inspected)}`);
  say(`passed under ${version} in ${dir}`);
  return version;
}

function checkTypes(dir: string, say: (line: string) => void): void {
  writeFileSync(join(dir, 'types.ts'), TYPES);
  writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions: COMPILER_OPTIONS, files: ['types.ts'] }));
  const compiler = versionOf('typescript');
  run(
    dir,
    'npm',
    'install',
    '--no-audit',
    '--no-fund',
    `typescript@${compiler}`,
    `@types/node@${versionOf('@types/node')}`,
  );
  run(dir, 'npx', 'tsc', '-p', '.');
  say('the types compile in an empty strict project');
}

function versionOf(name: string): string {
  const manifest = join(projectRoot(), 'node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

function run(dir: string, command: string, ...args: string[]): string {
  return runUnder(THIS, dir, command, ...args);
}

function runUnder({ binary, headers }: Node, dir: string, command: string, ...args: string[]): string {
  try {
    // npm and the scripts it runs find this node first, and what they compile its headers.
    const path = `${dirname(binary)}:${process.env.PATH ?? ''}`;
    const nodedir = headers === undefined ? {} : { npm_config_nodedir: headers };
    const env = { ...process.env, PATH: path, ...nodedir };
    return execFileSync(command, args, { cwd: dir, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.join(' ')} failed in ${dir}:\n${stdout}\n${stderr}`, { cause: error });
  }
}
