// An index of more rows than there is real data for, end to end through the command: generated rows, exact neighbours, a
// build under a memory limit that not all fits into, searches with their recall; everything is removed again. Called
// by large-run.test.ts with few rows and by long/large.ts with ten million.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../tools/tree.js';

export interface LargeOptions {
  rows: number;
  dim: number;
  queries: number;
  listSize: number;
  buildList: number;
  /** Where the files are made meanwhile; the system's temporary folder without it. */
  folder?: string;
}

export interface LargeReport {
  rows: number;
  dim: number;
  seconds: { generate: number; truth: number; build: number; verify: number };
  vectorBytes: number;
  indexBytes: number;
  /** The least limit that the build accepts, the one it was given, and its highest resident size. */
  leastLimit: number;
  limit: number;
  peak: number;
  partitions: number;
  unreachable: number;
  recall: number;
  reads: number;
  qps: number;
  ramPerRow: number;
}

interface BuildJson {
  rows: number;
  rss_peak: number;
  partitions: number;
  files: Record<string, number>;
}

interface SearchJson {
  recall_at_k: number;
  qps: number;
  per_query: { reads: number };
  memory_bytes: { graph: number; codes: number };
}

/** Of the memory between the least limit and that of a build at once, so that it takes partitions. */
const SHARE_OF_LEAST = 1.15;

/** `say` hears each step. Throws with the output of a command that fails. */
export function runLarge(options: LargeOptions, say: (line: string) => void): LargeReport {
  const { rows, dim, queries, listSize, buildList } = options;
  const folder = mkdtempSync(join(options.folder ?? tmpdir(), 'vamana-large-'));
  const file = (name: string): string => join(folder, name);
  const [data, asked, truth, index] = [file('rows.u8bin'), file('queries.u8bin'), file('truth.ivecs'), file('index')];
  const timed = <Result>(what: string, work: () => Result): [Result, number] => {
    say(what);
    const began = performance.now();
    return [work(), Math.round((performance.now() - began) / 100) / 10];
  };
  try {
    const shape = ['--rows', `${rows}`, '--dim', `${dim}`, '--queries', asked, '--query-rows', `${queries}`];
    const [, generate] = timed(`generate ${rows} rows`, () => vamana('generate', data, ...shape));
    const [, exact] = timed('exact neighbours', () =>
      vamana('truth', '--data', data, '--queries', asked, '--k', '10', '--out', truth),
    );
    const build = ['build', '--data', data, '--index', index, '--build-list', `${buildList}`];
    const leastLimit = leastLimitOf(build);
    const limit = Math.round(leastLimit * SHARE_OF_LEAST);
    const [built, buildSeconds] = timed(`build within ${limit} bytes`, () =>
      vamana<BuildJson>(...build, '--memory-limit', `${limit}`),
    );
    if (built.rows !== rows) throw new Error(`the build reports ${built.rows} rows of ${rows}`);
    const [verified, verify] = timed('verify', () =>
      vamana<{ unreachable: number; problems: string[] }>('verify', index),
    );
    if (verified.problems.length > 0) throw new Error(`verify found ${verified.problems.join('; ')}`);
    say(`search, list size ${listSize}`);
    const search = ['search', '--index', index, '--queries', asked, '--truth', truth, '--list-size', `${listSize}`];
    const found = vamana<SearchJson>(...search, '--k', '10', '--cache', '0', '--threads', '1');
    return {
      ...{ rows, dim, vectorBytes: statSync(data).size },
      seconds: { generate, truth: exact, build: buildSeconds, verify },
      indexBytes: Object.values(built.files).reduce((sum, bytes) => sum + bytes, 0),
      ...{ leastLimit, limit, peak: built.rss_peak, partitions: built.partitions, unreachable: verified.unreachable },
      ...{ recall: found.recall_at_k, reads: found.per_query.reads, qps: found.qps },
      ramPerRow: (found.memory_bytes.graph + found.memory_bytes.codes) / rows,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the command itself says when it is given next to nothing. */
function leastLimitOf(build: string[]): number {
  const { stderr } = command(...build, '--memory-limit', '1');
  const least = /least possible limit for it is (\d+)/.exec(stderr)?.[1];
  if (least === undefined) throw new Error(`a build within one byte said: ${stderr}`);
  return Number(least);
}

function vamana<Document>(...args: string[]): Document {
  const { status, stdout, stderr } = command(...args);
  if (status !== 0) throw new Error(`vamana ${args.join(' ')} ended with ${status}: ${stderr.slice(-2000)}`);
  return JSON.parse(stdout) as Document;
}

function command(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const program = join(projectRoot(), 'dist', 'tools', 'vamana.js');
  return spawnSync(process.execPath, [program, ...args, '--json'], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
}
