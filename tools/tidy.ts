// Style as a test: what every tracked text file must keep to. A ban names what to use instead.
// `tidy(files)` is pure; `node dist/tools/tidy.js` runs it on the tree, and so does tidy.test.ts.
// Who may import whom is checked in layers.ts; layout is the formatters' business.
import { basename } from 'node:path';
import { blankNonCode, findFunctions, type Language, languageOf } from './source-text.js';
import { type Problem, runCheck, type SourceFile } from './tree.js';

const SOURCE_LIST = 'native/sources.txt';
const FILE_LINES_MAX = 500;
const FUNCTION_LINES_MAX = 69;
const OPENING_LINES_MAX = 10;

/** Written by tools, not by people; only the words and the paths are checked there. */
const GENERATED = /^(package-lock\.json|docs\/report\.(html|json))$/;
const TEST_FILE = /(\.test\.ts|_test\.cc)$|^(test|native\/testing)\//;
const TABLE_FILE = /[-_]tables?\.(ts|cc|h)$/;

// In pieces, so that this file keeps its own rules.
const UNFINISHED = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`);
const MACHINE_PATH = /(^|[\s"'`(=:,[])\/(work|root|home|Users)\/[\w.-]/;

interface Ban {
  pattern: RegExp;
  applies: (path: string) => boolean;
  message: string;
}

/** Looked for in code only: comments and literals do not count. */
const CODE_BANS: readonly Ban[] = [
  {
    pattern: /\bconsole\s*\./,
    applies: (path) => path.startsWith('src/') && !isTest(path),
    message: 'the library prints nothing: return the value, or throw; printing is for tools/output.ts',
  },
  {
    pattern: /\bprocess\s*\.\s*(exit|abort)\b/,
    applies: (path) => path.startsWith('src/') && !isTest(path),
    message: 'the library never ends the process: throw a coded error; exit codes are for tools/run.ts',
  },
  {
    pattern: /\b(printf|fprintf|puts|fputs|putchar|perror)\s*\(|\bstd::(cout|cerr|clog)\b/,
    applies: isNativeLibrary,
    message: 'native code prints nothing: return a Status, or report through progress; format() builds messages',
  },
  {
    pattern: /\b(_?exit|quick_exit|abort|terminate)\s*\(/,
    applies: isNativeLibrary,
    message: 'native code never ends the process: return a Status; VAMANA_CHECK is for broken invariants',
  },
  {
    pattern: /\b__builtin_prefetch\b|\b_mm_prefetch\b/,
    applies: (path) => path !== 'native/base/prefetch.h',
    message:
      'the compiler may drop a function that only prefetches: use prefetch_line or prefetch_bytes (base/prefetch.h)',
  },
  {
    pattern: /\bMath\s*\.\s*random\b/,
    applies: (path) => !isTest(path) && !path.startsWith('bench/'),
    message:
      'numbers must repeat: use a seeded generator (a seed option, native/base/prng.h); crypto.randomUUID for names',
  },
];

export function tidy(files: readonly SourceFile[]): Problem[] {
  const paths = new Set(files.map((file) => file.path));
  return [...files.flatMap((file) => [...checkText(file), ...checkSource(file, paths)]), ...checkSourceList(files)];
}

// A source that the list forgets may go unnoticed until the addon is loaded.
function checkSourceList(files: readonly SourceFile[]): Problem[] {
  const listed = files.find((file) => file.path === SOURCE_LIST)?.text.split('\n') ?? [];
  return files
    .filter(({ path }) => path.startsWith('native/') && path.endsWith('.cc') && !isTest(path))
    .filter(({ path }) => listed.length > 0 && !listed.includes(path))
    .map(({ path }) => ({ path, message: `not in ${SOURCE_LIST}, so it is not compiled: add it there` }));
}

function checkText(file: SourceFile): Problem[] {
  const problems: Problem[] = [];
  for (const [at, text] of file.text.split('\n').entries()) {
    const report = (message: string): number => problems.push({ path: file.path, line: at + 1, message });
    if (UNFINISHED.test(text)) report('unfinished work: finish it, or open an issue and say the limit in plain words');
    if (MACHINE_PATH.test(text)) report('absolute path of one machine: use a relative path, an option or os.tmpdir()');
    if (GENERATED.test(file.path)) continue;
    if (text.includes('\t') && !/(^|\/)Makefile$/.test(file.path)) report('tab: use spaces');
    if (/[ \r]$/.test(text)) report('trailing space: remove it');
  }
  return problems;
}

function checkSource(file: SourceFile, paths: ReadonlySet<string>): Problem[] {
  const language = languageOf(file.path);
  if (language === undefined || GENERATED.test(file.path)) return [];
  const code = blankNonCode(file.text, language);
  return [
    ...checkName(file, language),
    ...checkOpening(file, paths),
    ...checkLengths(file, code, language),
    ...checkBans(file, code),
  ];
}

function checkName({ path }: SourceFile, language: Language): Problem[] {
  const name = basename(path);
  if (language === 'cpp' && !/^[a-z0-9]+(_[a-z0-9]+)*\.(cc|h)$/.test(name)) {
    return [{ path, message: 'C++ file names are snake_case, ending in .cc or .h' }];
  }
  if (language === 'ts' && !/^[a-z0-9]+(-[a-z0-9]+)*(\.(test|config|d|case))*\.m?[jt]s$/.test(name)) {
    return [{ path, message: 'TypeScript file names are kebab-case' }];
  }
  return [];
}

// The first paragraph says what the file is; further ones (a format's tables, say) may follow.
function checkOpening({ path, text }: SourceFile, paths: ReadonlySet<string>): Problem[] {
  const lines = text.replace(/^#!.*\n/, '').split('\n');
  const length = openingLength(lines);
  if (length >= 1 && length <= OPENING_LINES_MAX) return [];
  if (length === 0 && isDescribedElsewhere(path, lines[0] ?? '', paths)) return [];
  const found = length === 0 ? 'none' : `${length} lines`;
  const wanted = `1 to ${OPENING_LINES_MAX} lines that say what it is, what it is not, who calls it`;
  return [{ path, line: 1, message: `opening comment: found ${found}; a source file opens with ${wanted}` }];
}

// A .cc file that opens with its own header is described there; a unit test, by what it stands beside.
function isDescribedElsewhere(path: string, firstLine: string, paths: ReadonlySet<string>): boolean {
  const header = path.replace(/\.cc$/, '.h');
  if (firstLine === `#include "${header.replace(/^native\//, '')}"`) return paths.has(header);
  const subject = path.replace(/\.test\.ts$/, '').replace(/_test\.cc$/, '');
  return subject !== path && ['.ts', '.h', '.cc'].some((ending) => paths.has(subject + ending));
}

function openingLength(lines: readonly string[]): number {
  if (lines[0]?.startsWith('/*')) {
    const end = lines.findIndex((line) => line.includes('*/') || /^ ?\*\s*$/.test(line));
    return end + 1;
  }
  const end = lines.findIndex((line) => !/^\/\/\s*\S/.test(line));
  return end === -1 ? lines.length : end;
}

function checkLengths({ path, text }: SourceFile, code: string, language: Language): Problem[] {
  if (isTest(path)) return [];
  const problems: Problem[] = [];
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  if (lines > FILE_LINES_MAX && !TABLE_FILE.test(path)) {
    problems.push({ path, message: `${lines} lines, at most ${FILE_LINES_MAX}: split it by concept` });
  }
  for (const span of findFunctions(code, language)) {
    const length = span.lastLine - span.firstLine + 1;
    if (length <= FUNCTION_LINES_MAX) continue;
    const message = `function of ${length} lines, at most ${FUNCTION_LINES_MAX}: name its steps (${span.head})`;
    problems.push({ path, line: span.firstLine, message });
  }
  return problems;
}

function checkBans({ path }: SourceFile, code: string): Problem[] {
  const bans = CODE_BANS.filter((ban) => ban.applies(path));
  if (bans.length === 0) return [];
  return code
    .split('\n')
    .flatMap((text, at) =>
      bans.filter((ban) => ban.pattern.test(text)).map(({ message }) => ({ path, line: at + 1, message })),
    );
}

function isTest(path: string): boolean {
  return TEST_FILE.test(path);
}

function isNativeLibrary(path: string): boolean {
  return path.startsWith('native/') && !isTest(path) && path !== 'native/base/check.h';
}

runCheck(import.meta.url, 'tidy', tidy);
