// `vamana verify`: every checksum, list, count and the reachability of a segment; of a collection, or of all of a
// database, also the log, the metadata, and that points and rows belong together; of a snapshot every byte. Lists the
// problems; fails with the first one's code when there are any.
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { isErrorCode, VamanaError } from '../src/errors.js';
import {
  type CollectionVerifyReport,
  type FolderReport,
  type SnapshotReport,
  type VerifyReport,
  verifyFolder,
} from '../src/index.js';
import { namedJson, snapshotFacts } from './inspect-collection.js';
import { positiveInteger } from './options.js';
import { type Fact, formatBytes, printFacts, printJson, printLine, snakeKeys } from './output.js';
import { createStagedProgress } from './progress.js';
import { action } from './run.js';

export function register(program: Command): void {
  program
    .command('verify')
    .description('check every checksum, list and count of a segment, a collection, a database or a snapshot')
    .argument('<dir>', 'folder')
    .option('--threads <n>', 'threads', positiveInteger, availableParallelism())
    .option('--repair', 'make field indexes again that do not agree with the payloads')
    .action(
      action<{ threads: number; repair?: boolean }>(
        async ({ threads, repair = false }, { args: [dir = ''], json, signal }) => {
          const progress = createStagedProgress((stage) => (stage === 'rows' ? 'rows' : 'bytes'));
          let found: FolderReport;
          try {
            found = await verifyFolder(dir, { threads, repair, signal, onProgress: progress.update });
          } finally {
            progress.end();
          }
          if (json) printJson(documentOf(found));
          else print(found);
          throwProblems(found, dir);
        },
      ),
    );
}

function documentOf(found: FolderReport): unknown {
  return found.kind === 'database' ? namedJson(found.reports) : snakeKeys(found.report);
}

function print(found: FolderReport): void {
  switch (found.kind) {
    case 'segment':
      printFacts(verifyFacts(found.report));
      break;
    case 'collection':
      printFacts(collectionVerifyFacts(found.report));
      break;
    case 'snapshot':
      printFacts([...snapshotFacts(found.report), ...problemFacts(found.report.problems)]);
      break;
    case 'database':
      for (const [name, report] of Object.entries(found.reports)) {
        printLine(name);
        printFacts(collectionVerifyFacts(report));
        printLine();
      }
  }
}

export function verifyFacts(report: VerifyReport): Fact[] {
  return [
    ['rows', report.rows],
    ['blocks checked', report.blocksChecked],
    ['bytes checked', formatBytes(report.bytesChecked)],
    ['unreachable', report.unreachable],
    ...problemFacts(report.problems),
  ];
}

function collectionVerifyFacts(report: CollectionVerifyReport): Fact[] {
  const { tornTail, problems, problemsFound } = report;
  return [
    ['segments', report.segments],
    ['points', report.points],
    ['batches in the log', report.records],
    ['torn end of the log', tornTail === null ? 'none' : `${formatBytes(tornTail.bytes)}, cut off at the next opening`],
    ['bytes checked', formatBytes(report.bytesChecked)],
    ...(report.fieldsRepaired === 0 ? [] : [['field indexes made again', report.fieldsRepaired] as const]),
    ...problemFacts(problems, problemsFound),
  ];
}

function problemFacts(problems: readonly { code: string; message: string }[], found = problems.length): Fact[] {
  return [['problems', found], ...problems.map(({ code, message }): Fact => [`  ${code}`, message])];
}

function throwProblems(found: FolderReport, dir: string): void {
  const reports: (VerifyReport | CollectionVerifyReport | SnapshotReport)[] =
    found.kind === 'database' ? Object.values(found.reports) : [found.report];
  const problems = reports.flatMap((report) => report.problems);
  const first = problems[0];
  if (first === undefined) return;
  const total = reports.reduce((sum, report) => sum + countOf(report), 0);
  const code = isErrorCode(first.code) ? first.code : 'CORRUPT';
  throw new VamanaError(
    code,
    `${dir}: ${total === 1 ? '1 problem' : `${total} problems`}; the first: ${first.message}`,
  );
}

function countOf(report: VerifyReport | CollectionVerifyReport | SnapshotReport): number {
  return 'problemsFound' in report ? report.problemsFound : report.problems.length;
}
