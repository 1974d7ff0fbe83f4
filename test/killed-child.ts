// Runs a compiled script of this folder as a process that says `open` when it works, and kills it a while later; what it
// said by then. For the tests of crashes that look for more than crash-run.ts does.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { projectRoot } from '../tools/tree.js';

/** Throws where the process failed by itself. */
export async function runKilled(script: string, args: readonly (string | number)[], ms: number): Promise<string> {
  const path = join(projectRoot(), 'dist', 'test', script);
  const child = spawn(process.execPath, [path, ...args.map(String)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  let opened: () => void = () => undefined;
  const open = new Promise<void>((resolve) => {
    opened = resolve;
  });
  child.stdout.setEncoding('utf8').on('data', (some: string) => {
    output += some;
    if (/^open$/m.test(output)) opened();
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await Promise.race([open, ended]);
  await sleep(ms);
  child.kill('SIGKILL');
  await ended;
  const failure = /^failed.*$/m.exec(output)?.[0];
  if (failure !== undefined) throw new Error(`${script}: ${failure}`);
  return output;
}
