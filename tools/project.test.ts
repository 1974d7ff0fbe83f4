// The stamps decide whether `npm ci` and `npm test` build: what must make them stale, and what must not.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { prebuiltName as loadedName } from '../src/binding.js';
import {
  addonBuild,
  hasPrebuilt,
  isFresh,
  nativeSources,
  packageFolder,
  prebuiltName,
  projectRoot,
  typescriptBuild,
} from './project.mjs';

let root = '';

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'vamana-project-'));
  write('CMakeLists.txt', 'project(x)');
  write('binding.gyp', '{}');
  write('tsconfig.json', '{}');
  write('native/sources.txt', 'native/base/a.cc\n\nnative/addon/b.cc\n');
  write('native/base/a.cc', 'int a;');
  write('native/addon/b.cc', 'int b;');
  write('native/base/a.h', '#pragma once');
  write('src/index.ts', 'export {};');
  write('node_modules/simsimd/package.json', '{"version": "1.0.0"}');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('a prebuilt addon', () => {
  test('has one name for what builds it and what loads it', () => {
    expect(prebuiltName()).toBe(loadedName());
    expect(prebuiltName()).toMatch(/^vamana-ssd-linux-(x64|arm64)-(glibc|musl)$/);
  });

  test('is there when it is installed with the version of the package', () => {
    write('package.json', '{"version": "1.2.3"}');
    expect(hasPrebuilt(root)).toBe(false);
    write(`node_modules/${prebuiltName()}/package.json`, '{"version": "1.2.2"}');
    expect(hasPrebuilt(root)).toBe(false);
    write(`node_modules/${prebuiltName()}/package.json`, '{"version": "1.2.3"}');
    expect(hasPrebuilt(root)).toBe(true);
  });
});

describe('addon', () => {
  test.each([
    ['a listed source', 'native/base/a.cc'],
    ['a header', 'native/base/a.h'],
    ['a new header', 'native/base/new.h'],
    ['the list', 'native/sources.txt'],
    ['the build file', 'CMakeLists.txt'],
    ['the second build file', 'binding.gyp'],
  ])('%s makes it stale', (_what, path) => {
    const { hash } = addonBuild(root);
    write(path, `native/base/a.cc changed`);
    expect(addonBuild(root).hash).not.toBe(hash);
  });

  test('another version of a header package makes it stale', () => {
    const { hash } = addonBuild(root);
    write('node_modules/simsimd/package.json', '{"version": "1.0.1"}');
    expect(addonBuild(root).hash).not.toBe(hash);
  });

  test.each([['native/base/a_test.cc'], ['native/testing/fake.h'], ['src/index.ts']])('%s does not', (path) => {
    const { hash } = addonBuild(root);
    write(path, '// changed');
    expect(addonBuild(root).hash).toBe(hash);
  });

  test('is fresh only with the binary and the stamp of these sources', () => {
    const build = addonBuild(root);
    expect(isFresh(build)).toBe(false);
    write('build/Release/vamana.stamp', `${build.hash}\n`);
    expect(isFresh(build)).toBe(false);
    write('build/Release/vamana.node', 'binary');
    expect(isFresh(build)).toBe(true);
    write('build/Release/vamana.stamp', 'of other sources\n');
    expect(isFresh(build)).toBe(false);
  });
});

test('TypeScript is stale by its sources and settings, not by its tests', () => {
  const { hash } = typescriptBuild(root);
  write('src/index.test.ts', 'export {};');
  expect(typescriptBuild(root).hash).toBe(hash);
  write('src/source/npy.ts', 'export {};');
  const grown = typescriptBuild(root).hash;
  expect(grown).not.toBe(hash);
  write('tsconfig.json', '{ "include": [] }');
  expect(typescriptBuild(root).hash).not.toBe(grown);
});

test('a dependency is found beside the project when that is itself installed', () => {
  const installed = join(root, 'node_modules/vamana-ssd');
  mkdirSync(installed, { recursive: true });
  expect(packageFolder('simsimd', installed)).toBe(join(root, 'node_modules/simsimd'));
  expect(packageFolder('no-such-package', installed)).toBeNull();
});

describe('this checkout', () => {
  test('both native builds read the one list of sources, which names each file once and only real ones', () => {
    const sources = nativeSources();
    expect(new Set(sources).size).toBe(sources.length);
    for (const path of sources) expect(readFileSync(join(projectRoot, path), 'utf8').length).toBeGreaterThan(0);
    expect(readFileSync(join(projectRoot, 'CMakeLists.txt'), 'utf8')).toContain('native/sources.txt');
    expect(readFileSync(join(projectRoot, 'binding.gyp'), 'utf8')).toContain('tools/project.mjs sources');
  });

  test('both native builds give the addon the same definitions', () => {
    const cmake = readFileSync(join(projectRoot, 'CMakeLists.txt'), 'utf8');
    const listed = /target_compile_definitions\(vamana PRIVATE ([^)]*)\)/.exec(cmake)?.[1]?.split(/\s+/) ?? [];
    const gyp = /'defines': \[([^\]]*)\]/.exec(readFileSync(join(projectRoot, 'binding.gyp'), 'utf8'))?.[1] ?? '';
    expect(listed.length).toBeGreaterThan(0);
    expect(Array.from(gyp.matchAll(/'([^']+)'/g), ([, name]) => name).sort()).toEqual(listed.sort());
  });

  test('CI runs the test command of the README, letter for letter', () => {
    const command = 'npm ci && npm test';
    expect(readFileSync(join(projectRoot, '.ci/run'), 'utf8')).toContain(`\n  ${command}\n`);
    expect(readFileSync(join(projectRoot, 'README.md'), 'utf8')).toContain(`\n${command}\n`);
  });
});
