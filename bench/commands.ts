// Child processes of the benchmark: the `vamana` command with its JSON document, and any other program of dist/, each
// bounded in time and ended with its own children when the time is over. What is measured runs in a process of its
// own, so that memory and a crash are its own too. Called by the suites and by peers/run-peers.ts.
import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { projectRoot } from '../tools/tree.js';

export interface CommandOptions {
  timeoutMs?: number;
  /** Flags of node itself. */
  nodeFlags?: readonly string[];
}

export interface CommandResult {
  stdout: string;
  stderr: string;
}

const TIMEOUT_MS = 60 * 60 * 1000;
const STDERR_KEPT = 16_384;

let ran: string[] = [];
let latest = Number.POSITIVE_INFINITY;

/** No command runs past that, by performance.now(). */
export function endCommandsBy(time: number): void {
  latest = time;
}

/** The commands that were run since this was asked last, as they could be typed in the project's folder. */
export function takeCommands(): string[] {
  const taken = ran;
  ran = [];
  return taken;
}

/** The `--json` document of a verb. Throws with the line on stderr when it fails. */
export async function vamana<Document>(args: readonly string[], options: CommandOptions = {}): Promise<Document> {
  const { stdout } = await runScript('tools/vamana.js', [...args, '--json'], options);
  return JSON.parse(stdout) as Document;
}

/** A script below dist/. */
export function runScript(
  script: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const path = join(projectRoot(), 'dist', script);
  return runProgram(process.execPath, [...(options.nodeFlags ?? []), path, ...args], options);
}

export async function runProgram(
  program: string,
  args: readonly string[],
  { timeoutMs = TIMEOUT_MS, cwd }: CommandOptions & { cwd?: string } = {},
): Promise<CommandResult> {
  ran.push(typed([program, ...args]));
  const allowedMs = Math.max(1, Math.min(timeoutMs, latest - performance.now()));
  // A group of its own, so that what it started ends with it.
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, ...(cwd ? { cwd } : {}) });
  const [stdout, stderr] = [collect(child.stdout, Number.POSITIVE_INFINITY), collect(child.stderr, STDERR_KEPT)];
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    endGroup(child);
  }, allowedMs);
  try {
    const [code, signal] = await ended(child);
    if (late) throw new Error(`took more than ${Math.round(allowedMs / 1000)} s and was ended`);
    if (signal !== null) throw new Error(`ended by ${signal}${lastLine(stderr.text())}`);
    if (code !== 0) throw new Error(`ended with exit code ${code}${lastLine(stderr.text())}`);
    return { stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    clearTimeout(timer);
  }
}

/** Ends a child that was started detached, and everything it started. */
export function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}

// Node's own path and that of the project say nothing to a reader elsewhere.
function typed(words: readonly string[]): string {
  const root = projectRoot();
  const short = words.map((word) =>
    word === process.execPath ? 'node' : word.replace(`${root}/`, '').replace(`${dirname(root)}/`, '../'),
  );
  return short.map((word) => (/^[\w./,:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}

function ended(child: ChildProcess): Promise<[number | null, NodeJS.Signals | null]> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve([code, signal]));
  });
}

function collect(stream: NodeJS.ReadableStream, keep: number): { text(): string } {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text += chunk;
    if (text.length > 2 * keep) text = text.slice(-keep);
  });
  return { text: () => text };
}

// The last line that says something: stacks come before it in native crashes and after it in JavaScript ones.
function lastLine(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !/^\s+at /.test(line));
  const told = lines.findLast((line) => /error|panic|abort|terminate/i.test(line)) ?? lines.at(-1);
  return told === undefined ? '' : `: ${told.trim().slice(0, 400)}`;
}
