// The README's commands and its library example run as they are printed, in a temporary folder that holds the sample.
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
    const [, , verb = '', ...args] = line.split(' ');
    outputs.set(verb, node(join(root, 'dist', 'tools', 'vamana.js'), verb, ...args));
  }
  expect([...outputs.keys()]).toEqual('build search bench truth convert head inspect verify doctor'.split(' '));
  expect(outputs.get('search')).toMatch(/recall@10 +0\.9/);
  expect(existsSync(join(folder, 'bench.html'))).toBe(true);
});

test('the example of the library runs', () => {
  const [example = ''] = blocks('js');
  writeFileSync(join(folder, 'example.mjs'), example);
  expect(node('example.mjs')).toMatch(/Uint32Array\(5\)[\s\S]*Float32Array\(5\)/);
});
