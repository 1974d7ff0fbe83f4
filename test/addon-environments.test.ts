// The addon at the end of environments, each in a process of its own: handles collected, processes that end or
// exit, workers that leave or are terminated, all with calls in flight. A crash shows as a signal.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildSmallIndex, type SmallIndex } from './small-index.js';

const addon = fileURLToPath(new URL('../build/Release/vamana.node', import.meta.url));
const script = fileURLToPath(new URL('./addon-child.mjs', import.meta.url));

let small: SmallIndex;
beforeAll(async () => {
  small = await buildSmallIndex();
});
afterAll(() => small.remove());

interface Ended {
  code: number | null;
  signal: string | null;
  output: unknown;
}

async function run(scenario: string, env: Record<string, string> = {}): Promise<Ended> {
  const child = spawn(process.execPath, ['--expose-gc', script, scenario, addon, small.dir, small.folder], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null, string | null]>,
  ]);
  expect(errors).toBe('');
  return { code, signal, output: output === '' ? undefined : JSON.parse(output) };
}

describe('an index that nobody closed', () => {
  it('is collected after its calls have settled, and its threads end', async () => {
    const { code, output } = await run('collect');
    expect(output).toMatchObject({ collected_early: false, collected: true, rows: Array(8).fill(10_000) });
    expect((output as { ended: number }).ended).toBeGreaterThanOrEqual(2);
    expect(code).toBe(0);
  });

  it('does not keep the process alive, but its calls do', async () => {
    expect(await run('end')).toEqual({ code: 0, signal: null, output: { settled: ['rows', 'distances'] } });
  });
});

describe('process.exit', () => {
  it.each(['0', '5', '40', '200'])('ends the process %s ms after everything was started', async (ms) => {
    expect(await run('exit', { EXIT_AFTER_MS: ms })).toEqual({ code: 7, signal: null, output: undefined });
  });

  it('ends the process with a full queue, which answered BUSY', async () => {
    expect(await run('overflow')).toEqual({ code: 0, signal: null, output: { codes: ['BUSY'], index: 'refused' } });
  });
});

describe('worker threads', () => {
  it('may be terminated with everything in flight, and the others go on', async () => {
    expect(await run('terminate')).toEqual({ code: 0, signal: null, output: { rows: 5 } });
  });

  it('have an instance each', async () => {
    expect(await run('two')).toEqual({ code: 0, signal: null, output: { equal: true, after: 250, code: 0 } });
  });

  it('may leave with an index open', async () => {
    expect(await run('leave')).toEqual({ code: 0, signal: null, output: { codes: [0, 0, 0] } });
  });
});
