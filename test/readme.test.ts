// The README's commands and its library examples run as they are printed, in a temporary folder that holds the sample.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectRoot } from '../tools/tree.js';

const root = projectRoot();
const readme = readFileSync(join(root, 'README.md'), 'utf8');
let folder = '';

// Inside the project, where 'vamana-ssd' is the project itself.
beforeAll(() => {
  mkdirSync(join(root, 'build'), { recursive: true });
  folder = mkdtempSync(join(root, 'build', 'readme-'));
  mkdirSync(join(folder, 'test'));
  symlinkSync(join(root, 'test', 'sample'), join(folder, 'test', 'sample'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function node(...args: string[]): string {
  return execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function blocks(language: string): string[] {
  return Array.from(readme.matchAll(/^```(\w+)\n(.*?)^```$/gms))
    .filter(([, found]) => found === language)
    .map(([, , text]) => text ?? '');
}

test('the tour of the command runs, verb after verb', () => {
  const lines = blocks('sh').flatMap((block) => block.split('\n').filter((line) => line.startsWith('npx vamana ')));
  const outputs = new Map<string, string>();
  for (const line of lines) {
    const [, , verb = '', ...args] = line.split(' ').map((arg) => arg.replace(/^'(.*)'$/, '$1'));
    const output = node(join(root, 'dist', 'tools', 'vamana.js'), verb, ...args);
    outputs.set(verb, (outputs.get(verb) ?? '') + output);
  }
  const ofIndexes = 'build search bench tune plan truth convert head generate inspect verify doctor'.split(' ');
  const ofCollections =
    'import query status fields analyze-filters flush compact rollback jobs snapshot restore export collections recover'.split(
      ' ',
    );
  expect([...outputs.keys()]).toEqual([...ofIndexes, ...ofCollections]);
  expect(outputs.get('search')).toMatch(/recall@10 +0\.9/);
  expect(outputs.get('query')).toMatch(/^1 +\d+ +0\.\d+ +\{.*"gloss"/m);
  expect(outputs.get('query')).toMatch(/^matching +478 of 4,000 points/m);
  expect(outputs.get('collections')).toMatch(/^words-again +256 +f16 +cosine +1 +4,000 /m);
  expect(existsSync(join(folder, 'bench.html'))).toBe(true);
}, 300_000);

test('the examples of the library run', () => {
  const outputs = blocks('js').map((example) => {
    writeFileSync(join(folder, 'example.mjs'), example);
    return node('example.mjs');
  });
  expect(outputs).toHaveLength(3);
  expect(outputs[0]).toMatch(/Uint32Array\(5\)[\s\S]*Float32Array\(5\)/);
  expect(outputs[1]).toMatch(
    /^550e8400-e29b-41d4-a716-446655440000 0\.0\S+ null\n2n 0\.\S+ \{ title: 'forest', year: 2021 \}\n/,
  );
});
