// Who may import whom: C++ folders by their layer order, TypeScript by the floors of src/. Dependencies
// point one way, so that a part can be read, tested and replaced with nothing above it in mind.
// `layers(files)` is pure; `node dist/tools/layers.js` runs it on the tree, and so does layers.test.ts.
import { posix } from 'node:path';
import { blankNonCode } from './source-text.js';
import { type Problem, runCheck, type SourceFile } from './tree.js';

/** What each native folder may include besides itself. `search` and `job` stand side by side. */
const BELOW_GRAPH = ['base', 'kernels', 'codec'];
const BELOW_SEGMENT = [...BELOW_GRAPH, 'graph', 'format', 'io'];
const NATIVE_MAY_INCLUDE: Readonly<Record<string, readonly string[]>> = {
  base: [],
  kernels: ['base'],
  codec: ['base', 'kernels'],
  graph: BELOW_GRAPH,
  format: ['base'],
  io: ['base'],
  segment: BELOW_SEGMENT,
  delta: [...BELOW_GRAPH, 'graph'],
  search: [...BELOW_SEGMENT, 'segment', 'delta'],
  job: [...BELOW_SEGMENT, 'segment', 'delta'],
  addon: [...BELOW_SEGMENT, 'segment', 'delta', 'search', 'job'],
  testing: [...BELOW_SEGMENT, 'segment', 'delta', 'search', 'job'],
};

/** From the ground up: a file of src/ imports its own unit and units of lower floors. */
const FLOORS: readonly (readonly string[])[] = [
  ['errors'],
  ['limits', 'bitmap', 'native-reports'],
  ['native-builds'],
  ['binding'],
  ['config'],
  ['disk', 'payload'],
  ['field'],
  ['source', 'meta'],
  ['segment', 'adapter'],
  ['wal', 'manifest', 'filter'],
  ['verify'],
  ['snapshot', 'write', 'backup'],
  ['recovery'],
  ['commit-queue', 'read'],
  ['rebuild'],
  ['collection'],
  ['database'],
  ['index', 'http'],
];

/** Pairs that stay apart whatever their floors. */
const APART: readonly (readonly [from: string, to: string])[] = [['read', 'write']];

/** The top-level folders that each top-level folder may import. */
const TOPS: Readonly<Record<string, readonly string[]>> = {
  src: [],
  tools: ['src'],
  bench: ['src', 'tools', 'test'],
  test: ['src', 'tools', 'bench'],
};

export function layers(files: readonly SourceFile[]): Problem[] {
  return files.flatMap((file) => {
    if (/^native\/.*\.(cc|h)$/.test(file.path)) return checkIncludes(file);
    if (/^(src|tools|bench|test)\/.*\.m?ts$/.test(file.path)) return checkImports(file);
    return [];
  });
}

function checkIncludes({ path, text }: SourceFile): Problem[] {
  const folder = path.split('/')[1] ?? '';
  const allowed = NATIVE_MAY_INCLUDE[folder];
  if (allowed === undefined) {
    return [{ path, message: `folder native/${folder} has no layer: add it to NATIVE_MAY_INCLUDE in tools/layers.ts` }];
  }
  const isTest = path.endsWith('_test.cc') || folder === 'testing';
  const problems: Problem[] = [];
  for (const [at, line] of text.split('\n').entries()) {
    const target = /^\s*#\s*include\s*["<]([^">]+)[">]/.exec(line)?.[1];
    if (target === undefined) continue;
    const report = (message: string): number => problems.push({ path, line: at + 1, message });
    const included = target.split('/')[0] ?? '';
    if (/^(napi|node_api)\.h$/.test(target)) {
      if (folder !== 'addon') report(`${target} belongs in native/addon only: pass plain values across`);
      continue;
    }
    if (!target.includes('/') || NATIVE_MAY_INCLUDE[included] === undefined) continue;
    if (included === folder || allowed.includes(included) || (isTest && included === 'testing')) continue;
    const may = allowed.length === 0 ? 'nothing else' : allowed.join(', ');
    report(`${folder} must not include ${target}: it may include ${may}`);
  }
  return problems;
}

function checkImports({ path, text }: SourceFile): Problem[] {
  const problems: Problem[] = [];
  const isTest = path.endsWith('.test.ts');
  for (const { specifier, line } of importsOf(text)) {
    if (!specifier.startsWith('.')) continue;
    const target = posix.join(posix.dirname(path), specifier);
    const message = checkImport(path, target, isTest);
    if (message !== undefined) problems.push({ path, line, message });
  }
  return [...checkFloor(path), ...problems];
}

function checkImport(path: string, target: string, isTest: boolean): string | undefined {
  const from = path.split('/')[0] ?? '';
  const to = target.split('/')[0] ?? '';
  const unit = unitOf(target);
  if (to === 'src' && unit === 'http' && unitOf(path) !== 'http' && !/^(tools\/serve|test\/)/.test(path)) {
    return 'src/http is imported by tools/serve only: take what you need from a lower floor';
  }
  if (to !== from) {
    if (TOPS[from]?.includes(to) || (isTest && to === 'test')) return undefined;
    return `${from} must not import ${target}: it may import ${TOPS[from]?.join(', ') || 'nothing outside itself'}`;
  }
  return from === 'src' ? checkFloors(unitOf(path), unit) : undefined;
}

function checkFloors(from: string, to: string): string | undefined {
  if (from === to) return undefined;
  const upper = floorOf(from);
  const lower = floorOf(to);
  if (upper === -1 || lower === -1) return undefined;
  if (APART.some((pair) => pair.includes(from) && pair.includes(to))) {
    return `src/${from} and src/${to} never import each other: move what they share below both`;
  }
  if (lower < upper) return undefined;
  const where = lower === upper ? 'the same floor' : 'a higher floor';
  return `src/${from} must not import src/${to}, which is on ${where}: pass it in, or move what is shared below both`;
}

// A file of src/ that stands on no floor would escape every check.
function checkFloor(path: string): Problem[] {
  if (!path.startsWith('src/') || floorOf(unitOf(path)) !== -1) return [];
  return [{ path, message: `src/${unitOf(path)} is on no floor: add it to FLOORS in tools/layers.ts` }];
}

function floorOf(unit: string): number {
  return FLOORS.findIndex((floor) => floor.includes(unit));
}

// "src/source/ids.ts" -> "source"; "src/errors.test.ts" -> "errors".
function unitOf(path: string): string {
  return (path.split('/')[1] ?? '').replace(/(\.test|\.d)?\.m?[jt]s$/, '');
}

const IMPORT = /\b(?:import|export)\b(?:[^'"`;()]*?\bfrom\b)?\s*\(?\s*(['"])(.+?)\1/g;

// Matched in the text, where the specifier can be read, and kept only where the keyword is code.
function importsOf(text: string): { specifier: string; line: number }[] {
  const code = blankNonCode(text, 'ts');
  return Array.from(text.matchAll(IMPORT))
    .filter((match) => /^(import|export)/.test(code.slice(match.index)))
    .map((match) => ({
      specifier: match[2] ?? '',
      line: text.slice(0, match.index + match[0].length).split('\n').length,
    }));
}

runCheck(import.meta.url, 'layers', layers);
