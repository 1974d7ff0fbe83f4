#!/usr/bin/env node
// The `vamana` command: puts the verbs on the program and runs it. One verb a file, each with
// `register(program)`; what they share is in run.ts, options.ts, output.ts and progress.ts.
import { register as registerBench } from './bench.js';
import { register as registerBuild } from './build.js';
import { register as registerDoctor } from './doctor.js';
import { register as registerInspect } from './inspect.js';
import { createProgram, run } from './run.js';
import { register as registerSearch } from './search.js';
import { register as registerVerify } from './verify.js';

// A reader that has seen enough (`vamana head f | head -3`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const program = createProgram();
const verbs = [registerBuild, registerSearch, registerBench, registerInspect, registerVerify, registerDoctor];
for (const register of verbs) register(program);
process.exitCode = await run(program, process.argv);
