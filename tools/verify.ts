// `vamana verify`: every checksum, list, count and the reachability of a segment. Lists the problems; fails
// with the first one's code when there are any.
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { isErrorCode, VamanaError } from '../src/errors.js';
import { type VerifyReport, verifyIndex } from '../src/index.js';
import { positiveInteger } from './options.js';
import { type Fact, formatBytes, printFacts, printJson, snakeKeys } from './output.js';
import { createStagedProgress } from './progress.js';
import { action } from './run.js';

export function register(program: Command): void {
  program
    .command('verify')
    .description('check every checksum, list and count of a segment')
    .argument('<dir>', 'folder of the index')
    .option('--threads <n>', 'threads', positiveInteger, availableParallelism())
    .action(
      action<{ threads: number }>(async ({ threads }, { args: [dir = ''], json, signal }) => {
        const progress = createStagedProgress('bytes');
        let report: VerifyReport;
        try {
          report = await verifyIndex(dir, { threads, signal, onProgress: progress.update });
        } finally {
          progress.end();
        }
        if (json) printJson(snakeKeys(report));
        else printFacts(verifyFacts(report));
        throwProblems(report, dir);
      }),
    );
}

export function verifyFacts(report: VerifyReport): Fact[] {
  return [
    ['rows', report.rows],
    ['blocks checked', report.blocksChecked],
    ['bytes checked', formatBytes(report.bytesChecked)],
    ['unreachable', report.unreachable],
    ['problems', report.problems.length],
    ...report.problems.map(({ code, message }): Fact => [`  ${code}`, message]),
  ];
}

function throwProblems({ problems }: VerifyReport, dir: string): void {
  const first = problems[0];
  if (first === undefined) return;
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  const code = isErrorCode(first.code) ? first.code : 'CORRUPT';
  throw new VamanaError(code, `${dir}: ${count}; the first: ${first.message}`);
}
