// Exit codes and the one line on stderr, for every way to fail.
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { VamanaError } from '../src/errors.js';
import { runVerb } from '../test/run-verb.js';
import { action, describeFailure, UsageError } from './run.js';

type Work = Parameters<typeof action>[0];

async function go(work: Work, ...argv: string[]): Promise<{ exitCode: number; stderr: string }> {
  const register = (program: Command): unknown =>
    program.command('go [more...]').option('--k <n>', 'k').action(action(work));
  const { exitCode, stderr } = await runVerb(register, ...argv);
  return { exitCode, stderr };
}

describe('run', () => {
  it('is 0 when the verb is done, and gives it its options', async () => {
    let seen: unknown;
    const result = await go(
      async (options, context) => {
        seen = { options, json: context.json, args: context.args };
      },
      'go',
      'a',
      '--k',
      '3',
      '--json',
    );
    expect(result).toEqual({ exitCode: 0, stderr: '' });
    expect(seen).toEqual({ options: { k: '3', json: true }, json: true, args: ['a'] });
  });

  it('is 1 for a failure, on one line, with the stack only when asked', async () => {
    const fail = async (): Promise<void> => {
      throw new VamanaError('CORRUPT', 'a file:\n  broken', { cause: new Error('inner') });
    };
    expect(await go(fail, 'go')).toEqual({ exitCode: 1, stderr: 'error CORRUPT: a file: broken\n' });
    const debug = await go(fail, 'go', '--debug');
    expect(debug.stderr).toMatch(/^error CORRUPT: a file: broken\nVamanaError: .*\n {4}at .*caused by: Error: inner/s);
  });

  it('is 2 for wrong use', async () => {
    const nothing = async (): Promise<void> => undefined;
    for (const argv of [['nothing'], ['go', '--l', '1'], ['go', '--k']]) {
      const result = await go(nothing, ...argv);
      expect(result.exitCode).toBe(2);
      expect(result.stderr).toMatch(/^error USAGE: (?!error).*\n$/);
    }
    const usage = async (): Promise<void> => {
      throw new UsageError('--a excludes --b');
    };
    expect(await go(usage, 'go')).toEqual({ exitCode: 2, stderr: 'error USAGE: --a excludes --b\n' });
  });

  it('aborts the signal on the first SIGINT and then listens no more', async () => {
    const before = process.listenerCount('SIGINT');
    let during = 0;
    const result = await go(async (_options, { signal }) => {
      process.emit('SIGINT', 'SIGINT');
      during = process.listenerCount('SIGINT');
      signal.throwIfAborted();
    }, 'go');
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toMatch(/stopping.*error ABORTED: interrupted by SIGINT\n$/s);
    expect(during).toBe(before);
    expect(process.listenerCount('SIGINT')).toBe(before);
  });
});

describe('describeFailure', () => {
  it('names the system errors of Node by our codes', () => {
    const systemError = (code: string): Error => Object.assign(new Error(`${code}: no`), { code, errno: -1 });
    expect(describeFailure(systemError('ENOENT')).text).toBe('error NOT_FOUND: ENOENT: no');
    expect(describeFailure(systemError('ENOSPC')).text).toBe('error DISK_FULL: ENOSPC: no');
    expect(describeFailure(systemError('EPERM')).text).toBe('error IO: EPERM: no');
    expect(describeFailure(new TypeError('x')).text).toBe('error INTERNAL: x');
    expect(describeFailure('x')).toEqual({ text: 'error INTERNAL: x', exitCode: 1 });
  });
});
