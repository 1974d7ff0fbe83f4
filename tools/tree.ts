// The tracked text files of the project, for the checks in tidy.ts and layers.ts, and how these report.
// Where there is no git (an unpacked release), every file outside build folders counts as tracked.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface SourceFile {
  /** From the project's root, with forward slashes. */
  path: string;
  text: string;
}

export interface Problem {
  path: string;
  /** 1-based; left out when the whole file is meant. */
  line?: number;
  message: string;
}

const UNTRACKED_FOLDERS = new Set(['.git', 'node_modules', 'build', 'dist', 'data']);

/** The nearest folder above this file that holds package.json: the project, from tools/ or dist/tools/. */
export function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder)
      throw new Error('no package.json in any folder above this file: the installation is damaged');
    folder = parent;
  }
  return folder;
}

export function readTree(root: string): SourceFile[] {
  const files: SourceFile[] = [];
  for (const path of trackedPaths(root)) {
    if (!existsSync(join(root, path))) continue;
    const bytes = readFileSync(join(root, path));
    if (!bytes.subarray(0, 8192).includes(0)) files.push({ path, text: bytes.toString('utf8') });
  }
  return files;
}

export function formatProblem(problem: Problem): string {
  return `${problem.path}${problem.line === undefined ? '' : `:${problem.line}`}: ${problem.message}`;
}

/** Runs a check when its module is the program: prints the problems, exit code 1 when there are any. */
export function runCheck(moduleUrl: string, name: string, check: (files: readonly SourceFile[]) => Problem[]): void {
  const program = process.argv[1];
  if (program === undefined || realpathSync(resolve(program)) !== realpathSync(fileURLToPath(moduleUrl))) return;
  const files = readTree(projectRoot());
  const problems = check(files);
  for (const problem of problems) process.stdout.write(`${formatProblem(problem)}\n`);
  const verdict = problems.length === 0 ? 'no problem' : `${problems.length} problems`;
  process.stdout.write(`${name}: ${files.length} files, ${verdict}\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

function trackedPaths(root: string): string[] {
  if (!existsSync(join(root, '.git'))) return walk(root, '');
  const listed = execFileSync('git', ['-C', root, 'ls-files', '-z'], { encoding: 'utf8', maxBuffer: 1 << 26 });
  return listed.split('\0').filter((path) => path !== '');
}

function walk(root: string, folder: string): string[] {
  const paths: string[] = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory() && !UNTRACKED_FOLDERS.has(entry.name)) paths.push(...walk(root, path));
    if (entry.isFile()) paths.push(path);
  }
  return paths.sort();
}
