// The commands and programs of docs/ run as they are printed. In a document's source, in HTML comments that no reader sees:
//   run                    before a block of sh or js: runs it, in the document's own folder, which holds the sample
//   run: COMMAND           runs what readers are spared
//   ann-benchmarks: FILE   writes the sample as one of those
//   serve: FOLDER          a service of that database from here on, in the place of http://127.0.0.1:6333
//   prints: REGEX          after it: what came out must match
// Links from one document to another, and to headings in it, lead somewhere.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from '../tools/tree.js';
import { writeAnnBenchmarks } from './ann-benchmarks.js';
import { type ServiceProcess, startServiceProcess } from './service-process.js';

const root = projectRoot();
const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
const PRINTED_URL = 'http://127.0.0.1:6333';

type Mark = 'ann-benchmarks' | 'prints' | 'serve';
type Step = { kind: 'run'; language: string; text: string } | { kind: Mark; text: string };

function textOf(name: string): string {
  return readFileSync(join(root, 'docs', name), 'utf8');
}

function stepsOf(name: string): Step[] {
  const marks = /^<!-- (run|serve|prints|ann-benchmarks)(?:: (.*?))? -->$(?:\n+```(\w+)\n([\s\S]*?)^```$)?/gm;
  return Array.from(textOf(name).matchAll(marks), ([, kind, text, language = 'sh', block]): Step => {
    if (kind !== 'run') return { kind: kind as Mark, text: text as string };
    return { kind, language: text === undefined ? language : 'sh', text: text ?? block ?? '' };
  });
}

// Inside the project, where 'vamana-ssd' is the project itself.
class Reader {
  private readonly folder: string;
  private service: ServiceProcess | undefined;
  private printed = '';

  constructor() {
    mkdirSync(join(root, 'build'), { recursive: true });
    this.folder = mkdtempSync(join(root, 'build', 'docs-'));
    mkdirSync(join(this.folder, 'test'));
    symlinkSync(join(root, 'test', 'sample'), join(this.folder, 'test', 'sample'));
  }

  async follow(step: Step): Promise<void> {
    if (step.kind === 'run')
      this.run(step.language, step.text.replaceAll(PRINTED_URL, this.service?.url ?? PRINTED_URL));
    else if (step.kind === 'prints') expect(this.printed).toMatch(new RegExp(step.text));
    else if (step.kind === 'ann-benchmarks') await writeAnnBenchmarks(join(this.folder, step.text));
    else this.service = await startServiceProcess(join(this.folder, step.text));
  }

  async close(): Promise<void> {
    await this.service?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private run(language: string, text: string): void {
    const command = join(root, 'dist', 'tools', 'vamana.js');
    const npx = `npx() { shift; '${process.execPath}' '${command}' "$@"; }`;
    writeFileSync(join(this.folder, 'example.mjs'), text);
    const [program, args] =
      language === 'js' ? [process.execPath, ['example.mjs']] : ['bash', ['-c', `set -euo pipefail\n${npx}\n${text}`]];
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: this.folder, encoding: 'utf8' });
    expect({ status, text, stderr: status === 0 ? '' : stderr + stdout }).toMatchObject({ status: 0 });
    this.printed = stdout;
  }
}

const followed = docs.filter((name) => stepsOf(name).length > 0);

it.each(followed)('docs/%s can be followed', { timeout: 120_000 }, async (name) => {
  const reader = new Reader();
  try {
    for (const step of stepsOf(name)) await reader.follow(step);
  } finally {
    await reader.close();
  }
});

it('the guides are among those', () => {
  for (const guide of [
    'quick-start.md',
    'choosing-parameters.md',
    'runbook.md',
    'sizing.md',
    'formats.md',
    'migration.md',
  ]) {
    expect(followed).toContain(guide);
  }
});

describe('links', () => {
  const pages = [...docs.map((name) => `docs/${name}`), 'README.md', 'ARCHITECTURE.md', 'FORMATS.md'];

  it.each(pages)('of %s lead somewhere', (page) => {
    const text = readFileSync(join(root, page), 'utf8').replace(/^```.*?^```$/gms, '');
    const broken = Array.from(text.matchAll(/\]\(([^)\s]+)\)/g), ([, target]) => target as string)
      .filter((target) => !/^https?:/.test(target))
      .filter((target) => {
        const [path = '', heading] = target.split('#');
        const file = path === '' ? join(root, page) : join(root, dirname(page), path);
        if (!existsSync(file)) return true;
        return heading !== undefined && file.endsWith('.md') && !headingsOf(file).has(heading);
      });
    expect(broken).toEqual([]);
  });
});

/** As GitHub names them. */
function headingsOf(file: string): Set<string> {
  const titles = readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm);
  return new Set(
    Array.from(titles, ([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}
