// Every rule of tidy on a text that breaks it and one that keeps it; then the tree itself.
import { describe, expect, it } from 'vitest';
import { tidy } from './tidy.js';
import { formatProblem, projectRoot, readTree } from './tree.js';

const OPENING = '// What it is.\n';

function messages(path: string, text: string): string[] {
  return tidy([{ path, text }]).map(formatProblem);
}

function lines(count: number, line: string): string {
  return `${line}\n`.repeat(count);
}

describe('tidy', () => {
  it('accepts a file that keeps to everything', () => {
    expect(messages('src/good.ts', `${OPENING}export const a = 1;\n`)).toEqual([]);
    expect(messages('native/base/good.h', `${OPENING}#pragma once\n`)).toEqual([]);
    expect(messages('README.md', '# Words\n\nprintf and console.log may be spoken of.\n')).toEqual([]);
  });

  it('finds marks of unfinished work, in any text', () => {
    for (const word of ['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK']) {
      expect(messages('README.md', `a\n${word}: later\n`)).toEqual([
        expect.stringMatching(/^README\.md:2: unfinished/),
      ]);
    }
  });

  it('finds tabs and trailing spaces', () => {
    expect(messages('a.md', 'a\tb\nc \nd\r\n')).toEqual([
      'a.md:1: tab: use spaces',
      'a.md:2: trailing space: remove it',
      'a.md:3: trailing space: remove it',
    ]);
    expect(messages('package-lock.json', '\t{} \n')).toEqual([]);
  });

  it('finds paths of one machine, but not addresses and relative paths', () => {
    for (const folder of ['home', 'root', 'Users']) {
      expect(messages('a.md', `see "/${folder}/me/x"\n`)).toEqual([expect.stringContaining('one machine')]);
    }
    expect(messages('a.md', 'https://a.example/home/x and ./work/x and net/work/y\n')).toEqual([]);
  });

  it('bounds files and functions, but not tests and tables', () => {
    const long = OPENING + lines(500, 'a();');
    expect(messages('src/a.ts', long)).toEqual([expect.stringContaining('501 lines, at most 500')]);
    expect(messages('src/a.test.ts', long)).toEqual([]);
    expect(messages('native/kernels/level_table.cc', long)).toEqual([]);
    expect(messages('src/a.ts', OPENING + lines(499, 'a();'))).toEqual([]);

    const body = (count: number): string => `${OPENING}void f(int a) {\n${lines(count, '  g();')}}\n`;
    expect(messages('native/base/a.h', body(67))).toEqual([]);
    expect(messages('native/base/a.h', body(68))).toEqual([
      'native/base/a.h:2: function of 70 lines, at most 69: name its steps (void f(int a))',
    ]);
  });

  it('bans printing and exiting in the library, and names the replacement', () => {
    expect(messages('src/a.ts', `${OPENING}console.log(1);\nprocess.exit(1);\n`)).toEqual([
      expect.stringMatching(/^src\/a\.ts:2: .*tools\/output\.ts/),
      expect.stringMatching(/^src\/a\.ts:3: .*tools\/run\.ts/),
    ]);
    expect(messages('src/a.ts', `${OPENING}const text = 'console.log'; // process.exit\n`)).toEqual([]);
    expect(messages('tools/a.ts', `${OPENING}process.exit(1);\n`)).toEqual([]);

    expect(messages('native/io/a.h', `${OPENING}  std::cout << 1; exit(1);\n  std::printf("x");\n`)).toHaveLength(3);
    expect(messages('native/io/a.h', `${OPENING}  snprintf(a, 1, "x"); on_exit_(); vsnprintf(a);\n`)).toEqual([]);
    for (const path of ['native/io/a_test.cc', 'native/testing/a.h', 'native/base/check.h']) {
      expect(messages(path, `${OPENING}  std::printf("x"); abort();\n`)).toEqual([]);
    }
  });

  it('bans prefetching that the compiler may drop', () => {
    const text = `${OPENING}inline void prefetch(const char* at) { __builtin_prefetch(at); }\n`;
    expect(messages('native/graph/a.h', text)).toEqual([expect.stringContaining('prefetch_bytes')]);
    expect(messages('native/base/prefetch.h', text)).toEqual([]);
  });

  it('bans unseeded randomness outside tests and benchmarks', () => {
    const text = `${OPENING}const a = Math.random();\n`;
    expect(messages('tools/a.ts', text)).toEqual([expect.stringContaining('seed')]);
    expect(messages('tools/a.test.ts', text)).toEqual([]);
    expect(messages('bench/a.ts', text)).toEqual([]);
  });

  it('wants an opening comment of 1 to 10 lines', () => {
    expect(messages('src/a.ts', 'export const a = 1;\n')).toEqual([expect.stringContaining('found none')]);
    expect(messages('src/a.ts', `${lines(11, '// x')}a();\n`)).toEqual([expect.stringContaining('found 11 lines')]);
    expect(messages('src/a.ts', `// What it is.\n//\n${lines(30, '//  table')}a();\n`)).toEqual([]);
    expect(messages('src/a.ts', '/* One.\n   Two. */\na();\n')).toEqual([]);
    expect(messages('tools/a.ts', `#!/usr/bin/env node\n${OPENING}a();\n`)).toEqual([]);
  });

  it('lets a .cc file be described by its own header, and by no other', () => {
    const header = { path: 'native/io/a.h', text: OPENING };
    expect(tidy([header, { path: 'native/io/a.cc', text: '#include "io/a.h"\n' }])).toEqual([]);
    expect(tidy([header, { path: 'native/io/b.cc', text: '#include "io/a.h"\n' }])).toHaveLength(1);
    expect(tidy([{ path: 'native/io/a.cc', text: '#include "io/a.h"\n' }])).toHaveLength(1);
  });

  it('lets a unit test be described by its unit', () => {
    const unit = { path: 'src/a.ts', text: OPENING };
    expect(tidy([unit, { path: 'src/a.test.ts', text: 'a();\n' }])).toEqual([]);
    expect(tidy([unit, { path: 'src/b.test.ts', text: 'a();\n' }])).toHaveLength(1);
  });

  it('wants every C++ source compiled, tests apart', () => {
    const list = { path: 'native/sources.txt', text: 'native/io/a.cc\n' };
    const source = (path: string): { path: string; text: string } => ({ path, text: OPENING });
    expect(
      tidy([list, source('native/io/a.cc'), source('native/io/a_test.cc'), source('native/testing/x.cc')]),
    ).toEqual([]);
    expect(tidy([list, source('native/io/b.cc')]).map(formatProblem)).toEqual([
      'native/io/b.cc: not in native/sources.txt, so it is not compiled: add it there',
    ]);
  });

  it('knows how files are named', () => {
    expect(messages('native/io/pageReader.h', OPENING)).toEqual([expect.stringContaining('snake_case')]);
    expect(messages('native/io/page_reader_test.cc', OPENING)).toEqual([]);
    expect(messages('src/page_reader.ts', OPENING)).toEqual([expect.stringContaining('kebab-case')]);
    expect(messages('src/page-reader.test.ts', OPENING)).toEqual([]);
    expect(messages('vitest.config.ts', OPENING)).toEqual([]);
  });

  it('finds nothing in this tree', () => {
    expect(tidy(readTree(projectRoot())).map(formatProblem)).toEqual([]);
  });
});
