import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../tools/tree.js';
import { runProgram, takeCommands } from './commands.js';

const node = (script: string, timeoutMs = 20_000): Promise<unknown> =>
  runProgram(process.execPath, ['-e', script], { timeoutMs });

describe('a child process of the benchmark', () => {
  it('gives what it printed', async () => {
    await expect(node('process.stdout.write("{}")')).resolves.toEqual({ stdout: '{}', stderr: '' });
  });

  it('that fails tells its exit code and the line that says why', async () => {
    await expect(node('console.error("error NOT_FOUND: no such file"); process.exit(3)')).rejects.toThrow(
      'ended with exit code 3: error NOT_FOUND: no such file',
    );
    await expect(node('throw new Error("broken")')).rejects.toThrow(/exit code 1: .*Error: broken/);
  });

  it('that crashes tells the signal', async () => {
    await expect(node('process.kill(process.pid, "SIGSEGV"); setTimeout(() => {}, 1000)')).rejects.toThrow(
      'ended by SIGSEGV',
    );
  });

  it('that hangs is ended, with what it started', async () => {
    const hang = 'require("child_process").spawnSync(process.execPath, ["-e", "for (;;);"])';
    await expect(node(hang, 500)).rejects.toThrow(/took more than .* and was ended/);
  });

  it('is remembered as it could be typed', async () => {
    takeCommands();
    await runProgram(process.execPath, ['-e', '1 + "a b"']);
    expect(takeCommands()).toEqual([`node -e '1 + "a b"'`]);
    expect(takeCommands()).toEqual([]);
    const paths = [join(projectRoot(), 'bench'), join(projectRoot(), '..', 'shared')];
    await runProgram(process.execPath, ['-e', '1', ...paths]);
    expect(takeCommands()).toEqual(['node -e 1 bench ../shared']);
  });

  it('that cannot be started fails', async () => {
    await expect(runProgram('no-such-program', [])).rejects.toThrow('ENOENT');
  });
});
