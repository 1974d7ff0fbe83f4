// For tests of verbs: runs one as the command line would, and returns what it printed.
import type { Command } from 'commander';
import { vi } from 'vitest';
import { createProgram, run } from '../tools/run.js';

export interface VerbResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export async function runVerb(register: (program: Command) => void, ...argv: string[]): Promise<VerbResult> {
  const program = createProgram();
  register(program);
  const result: VerbResult = { exitCode: 0, stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      result[name] += String(text);
      return true;
    }),
  );
  try {
    result.exitCode = await run(program, ['node', 'vamana', ...argv]);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return result;
}
