#!/usr/bin/env node
// The `vamana` command as a program. What it can do is in verbs.ts, how it runs and fails in run.ts.
import { run } from './run.js';
import { createVamana } from './verbs.js';

// A reader that has seen enough (`vamana head f | head -3`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await run(createVamana(), process.argv);
