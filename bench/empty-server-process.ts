// empty-server.ts as a process of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { projectRoot } from '../tools/tree.js';

export async function startEmptyServer(answerBytes: number): Promise<{ url: string; stop(): void }> {
  const script = join(projectRoot(), 'dist', 'bench', 'empty-server.js');
  const child = spawn(process.execPath, [script, String(answerBytes)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [printed] = (await once(child.stdout, 'data')) as [Buffer];
  return { url: printed.toString('utf8').trim(), stop: () => child.kill() };
}
