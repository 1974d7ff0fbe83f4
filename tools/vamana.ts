#!/usr/bin/env node
// The `vamana` command: puts the verbs on the program and runs it. One verb a file, each with
// `register(program)`; what they share is in run.ts, options.ts, output.ts and progress.ts.
import { createProgram, run } from './run.js';

// A reader that has seen enough (`vamana head f | head -3`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const program = createProgram();
process.exitCode = await run(program, process.argv);
