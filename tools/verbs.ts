// All verbs of the `vamana` command on one program. One verb a file, each with `register(program)`; what they
// share is in run.ts, options.ts, output.ts and progress.ts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { register as registerAnalyzeFilters } from './analyze-filters.js';
import { register as registerBench } from './bench.js';
import { register as registerBuild } from './build.js';
import { register as registerCollections } from './collections.js';
import { register as registerCompact } from './compact.js';
import { register as registerConvert } from './convert.js';
import { register as registerDoctor } from './doctor.js';
import { register as registerFields } from './fields.js';
import { register as registerFlush } from './flush.js';
import { register as registerHead } from './head.js';
import { register as registerImport } from './import.js';
import { register as registerInspect } from './inspect.js';
import { register as registerJobs } from './jobs.js';
import { register as registerPerf } from './perf.js';
import { register as registerQuery } from './query.js';
import { register as registerRebuild } from './rebuild.js';
import { register as registerRecover } from './recover.js';
import { register as registerRestore } from './restore.js';
import { register as registerRollback } from './rollback.js';
import { createProgram } from './run.js';
import { register as registerSearch } from './search.js';
import { register as registerServe } from './serve.js';
import { register as registerSnapshot } from './snapshot.js';
import { register as registerStatus } from './status.js';
import { projectRoot } from './tree.js';
import { register as registerTruth } from './truth.js';
import { register as registerVerify } from './verify.js';

// In the order in which one comes to need them, which is that of the help text.
const VERBS = [
  registerBuild,
  registerSearch,
  registerBench,
  registerTruth,
  registerConvert,
  registerHead,
  registerCollections,
  registerImport,
  registerQuery,
  registerFields,
  registerAnalyzeFilters,
  registerStatus,
  registerFlush,
  registerCompact,
  registerRebuild,
  registerRollback,
  registerJobs,
  registerSnapshot,
  registerRestore,
  registerRecover,
  registerServe,
  registerInspect,
  registerVerify,
  registerDoctor,
  registerPerf,
];

export function createVamana(): Command {
  const program = createProgram().version(packageVersion(), '--version', 'print the version');
  for (const register of VERBS) register(program);
  return program;
}

function packageVersion(): string {
  const text = readFileSync(join(projectRoot(), 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
