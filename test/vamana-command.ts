// The whole `vamana` command, in this process, for tests that use it as scripts do.
import { expect } from 'vitest';
import { createVamana } from '../tools/verbs.js';
import { runVerb, type VerbResult } from './run-verb.js';

export function vamana(...argv: string[]): Promise<VerbResult> {
  return runVerb(
    (program) => {
      for (const command of createVamana().commands) program.addCommand(command);
    },
    ...argv,
  );
}

/** With --json: the document, from a run that ended well and wrote nothing on the other stream. */
export async function vamanaJson(...argv: string[]): Promise<Record<string, unknown>> {
  const { exitCode, stdout, stderr } = await vamana(...argv, '--json');
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return JSON.parse(stdout) as Record<string, unknown>;
}
