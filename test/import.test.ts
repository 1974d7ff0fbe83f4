// `vamana import` as a process of its own: killed at a random moment and run again, stopped by Ctrl-C, refused where
// another process holds the database. Runs the compiled command, as readme.test.ts does.
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { open, verifyCollection } from '../src/index.js';
import { projectRoot } from '../tools/tree.js';
import { temporaryFolder } from './vector-files.js';

const folder = temporaryFolder();
const sample = (name: string): string => join(projectRoot(), 'test', 'sample', name);
const vectors = sample('gloss-4k.base.f16.npy');
const payloads = sample('gloss-4k.payload.jsonl.gz');
const lines = gunzipSync(readFileSync(payloads)).toString().trimEnd().split('\n');

interface Run {
  child: ChildProcess;
  output: { stdout: string; stderr: string };
  /** Exit code, or null when a signal ended it. */
  ended: Promise<number | null>;
}

function vamana(...args: string[]): Run {
  const command = join(projectRoot(), 'dist', 'tools', 'vamana.js');
  const child = spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (text) => {
      output[name] += String(text);
    });
  }
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return { child, output, ended };
}

function importInto(dataDir: string, ...more: string[]): Run {
  const into = ['--data-dir', dataDir, '--collection', 'gloss', '--metric', 'cosine', '--payload', payloads];
  return vamana('import', vectors, ...into, '--batch', '10', '--json', ...more);
}

/** Rows of the record that a running import writes; 0 before there is one. */
function reached(dataDir: string): number {
  try {
    const dir = join(dataDir, 'collections', 'gloss');
    const name = readdirSync(dir).find((file) => /^import-[0-9a-f]{16}\.json$/.test(file));
    return name === undefined ? 0 : Number(/"rows": (\d+)/.exec(readFileSync(join(dir, name), 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

async function untilReached(run: Run, dataDir: string, rows: number): Promise<void> {
  while (reached(dataDir) < rows) {
    if (run.child.exitCode !== null) throw new Error(`the import ended too early: ${run.output.stderr}`);
    await setTimeout(2);
  }
}

async function expectComplete(dataDir: string): Promise<void> {
  expect((await verifyCollection(join(dataDir, 'collections', 'gloss'))).problems).toEqual([]);
  await using database = await open(dataDir);
  const collection = await database.collection('gloss');
  let row = 0;
  for await (const { id, payload } of collection.scroll()) {
    expect(id).toBe(BigInt(row));
    expect(payload).toEqual(JSON.parse(lines[row] ?? ''));
    row += 1;
  }
  expect(row).toBe(4000);
}

describe('an import', () => {
  it('that is killed, again and again, goes on where it was and loses nothing', async () => {
    const dataDir = folder.file('killed');
    let from = 0;
    for (const rows of [300, 1200, 2500]) {
      const run = importInto(dataDir);
      await untilReached(run, dataDir, rows);
      run.child.kill('SIGKILL');
      expect(await run.ended).toBe(null);
      if (from > 0) expect(run.output.stderr).toContain(`going on at row ${from.toLocaleString('en')} of 4,000`);
      from = reached(dataDir);
      expect(from).toBeGreaterThanOrEqual(rows);
      // As the kill left it, before anything is recovered.
      expect((await verifyCollection(join(dataDir, 'collections', 'gloss'))).problems).toEqual([]);
    }
    const last = importInto(dataDir);
    expect(await last.ended, last.output.stderr).toBe(0);
    expect(JSON.parse(last.output.stdout)).toMatchObject({ rows: 4000, from, imported: 4000 - from, points: 4000 });
    expect(reached(dataDir)).toBe(0);
    await expectComplete(dataDir);
  });

  it('ends cleanly on Ctrl-C, saying what was reached', async () => {
    const dataDir = folder.file('stopped');
    const run = importInto(dataDir);
    await untilReached(run, dataDir, 200);
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(1);
    const from = reached(dataDir);
    const row = from.toLocaleString('en');
    expect(run.output.stderr).toContain(
      `error ABORTED: stopped at row ${row} of 4,000; the same command goes on there`,
    );
    const again = importInto(dataDir);
    expect(await again.ended).toBe(0);
    expect(JSON.parse(again.output.stdout)).toMatchObject({ from, points: 4000 });
    await expectComplete(dataDir);
  });

  it('begins anew when a file was changed', async () => {
    const dataDir = folder.file('changed');
    const copy = folder.file('payloads.jsonl', Buffer.from(lines.join('\n')));
    const args = ['--data-dir', dataDir, '--collection', 'gloss', '--payload', copy, '--batch', '10', '--json'];
    const first = vamana('import', vectors, ...args);
    await untilReached(first, dataDir, 100);
    first.child.kill('SIGKILL');
    await first.ended;
    writeFileSync(copy, `${lines.join('\n')}\n`);
    const second = vamana('import', vectors, ...args);
    expect(await second.ended, second.output.stderr).toBe(0);
    expect(JSON.parse(second.output.stdout)).toMatchObject({ from: 0, points: 4000 });
  });

  it('is refused where another process holds the database, which is named', async () => {
    const dataDir = folder.file('held');
    const database = await open(dataDir, { url: 'http://127.0.0.1:6333' });
    const run = importInto(dataDir);
    expect(await run.ended).toBe(1);
    expect(run.output.stderr).toMatch(
      new RegExp(`^error LOCKED: .*is held by process ${process.pid}, which serves http://127.0.0.1:6333; .*\n$`),
    );
    expect(run.output.stdout).toBe('');
    await database.close();
    const killed = importInto(dataDir);
    await untilReached(killed, dataDir, 10);
    killed.child.kill('SIGKILL');
    await killed.ended;
    // A killed process leaves no lock; and what it had reached need not be gone on from.
    const restarted = importInto(dataDir, '--restart');
    expect(await restarted.ended, restarted.output.stderr).toBe(0);
    expect(JSON.parse(restarted.output.stdout)).toMatchObject({ from: 0, imported: 4000, points: 4000 });
  });
});
