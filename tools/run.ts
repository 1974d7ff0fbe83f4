// The frame around every verb: the program with its common options, exit codes, errors on one line, Ctrl-C.
// A verb only throws and listens to `context.signal`; it never exits by itself.
//
// Exit codes: 0 done, 1 failed, 2 wrong use of the command line. A failure is one line on stderr,
// `error CODE: message`; the stack follows only with --debug.
import { Command, CommanderError } from 'commander';
import { VamanaError } from '../src/errors.js';

export interface VerbContext {
  /** Aborted by the first Ctrl-C (or SIGTERM). */
  signal: AbortSignal;
  json: boolean;
  /** The verb's positional arguments, in order. */
  args: readonly string[];
}

/** Wrong use found by a verb itself, such as two options that exclude each other: exit code 2. */
export class UsageError extends Error {
  readonly code = 'USAGE';
}

/** A program without verbs, whose failures are thrown instead of printed. Tests of verbs register on one. */
export function createProgram(): Command {
  return new Command('vamana')
    .description('SSD-resident approximate nearest neighbour index')
    .option('--json', 'print one JSON document on stdout')
    .option('--debug', 'print the stack of a failure')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: () => undefined })
    .exitOverride();
}

const interrupts = new WeakMap<Command, AbortController>();

/** Makes a commander action of a verb's work. */
export function action<Options extends object>(
  work: (options: Options, context: VerbContext) => Promise<void>,
): (this: Command) => Promise<void> {
  return async function (this: Command) {
    let root: Command = this;
    while (root.parent) root = root.parent;
    const controller = interrupts.get(root) ?? new AbortController();
    const options = this.optsWithGlobals<Options & { json?: boolean }>();
    await work(options, { signal: controller.signal, json: options.json === true, args: this.args });
  };
}

/** Parses and runs; resolves to the exit code. `argv` as in process.argv. */
export async function run(program: Command, argv: readonly string[]): Promise<number> {
  const controller = new AbortController();
  interrupts.set(program, controller);
  const stopListening = onInterrupt((name) => {
    process.stderr.write('\nstopping; press Ctrl-C again to force\n');
    controller.abort(new VamanaError('ABORTED', `interrupted by ${name}`));
  });
  try {
    await program.parseAsync(argv);
    return 0;
  } catch (error) {
    const failure = describeFailure(error);
    if (failure.text !== '') process.stderr.write(`${failure.text}\n`);
    if (argv.includes('--debug') && error instanceof Error) process.stderr.write(`${stackOf(error)}\n`);
    return failure.exitCode;
  } finally {
    stopListening();
  }
}

/** The line on stderr and the exit code for anything thrown. */
export function describeFailure(error: unknown): { text: string; exitCode: number } {
  if (error instanceof CommanderError) {
    // Help and version are thrown too, with exit code 0 and their text already printed.
    if (error.exitCode === 0) return { text: '', exitCode: 0 };
    if (error.code === 'commander.help') return { text: '', exitCode: 2 };
    return { text: `error USAGE: ${oneLine(error.message.replace(/^error: /, ''))}`, exitCode: 2 };
  }
  const message = oneLine(error instanceof Error ? error.message : String(error));
  return { text: `error ${codeOf(error)}: ${message}`, exitCode: error instanceof UsageError ? 2 : 1 };
}

// Codes of ours stand in `code`; Node's own file errors use errno names there.
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'INTERNAL';
  if (error.name === 'AbortError') return 'ABORTED';
  const code: unknown = 'code' in error ? error.code : undefined;
  if (typeof code !== 'string') return 'INTERNAL';
  if ('errno' in error) return SYSTEM_CODES[code] ?? 'IO';
  return /^[A-Z][A-Z_]*$/.test(code) && !code.startsWith('ERR_') ? code : 'INTERNAL';
}

const SYSTEM_CODES: Readonly<Record<string, string>> = {
  ENOENT: 'NOT_FOUND',
  ENOTDIR: 'NOT_FOUND',
  EEXIST: 'ALREADY_EXISTS',
  ENOTEMPTY: 'ALREADY_EXISTS',
  ENOSPC: 'DISK_FULL',
  EDQUOT: 'DISK_FULL',
};

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ');
}

function stackOf(error: Error): string {
  const stack = error.stack ?? error.message;
  return error.cause instanceof Error ? `${stack}\ncaused by: ${stackOf(error.cause)}` : stack;
}

// The listener goes away with the first signal: the second one then has its default effect, which ends
// the process even when JavaScript is busy.
function onInterrupt(stop: (name: NodeJS.Signals) => void): () => void {
  const remove = (): void => {
    process.off('SIGINT', handle);
    process.off('SIGTERM', handle);
  };
  const handle = (name: NodeJS.Signals): void => {
    remove();
    stop(name);
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  return remove;
}
