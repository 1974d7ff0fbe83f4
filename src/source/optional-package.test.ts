import { expect, it } from 'vitest';
import { loadOptional } from './optional-package.js';

it('names a package that is not installed, and what to do', async () => {
  // @ts-expect-error no such package
  const load = () => import('a-package-that-nobody-installed');
  await expect(loadOptional('a-package', 'reading x.parquet', load)).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringMatching(
      /^reading x\.parquet needs the package a-package, which is not installed; run `npm install a-package`/,
    ),
  });
});

it('keeps the reason of one that does not load', async () => {
  const load = () => Promise.reject(new Error('of no use'));
  await expect(loadOptional('a-package', 'reading x', load)).rejects.toThrow(
    /which does not load \(Error: of no use\)/,
  );
});

it('gives what was loaded', async () => {
  expect(await loadOptional('path', 'nothing', () => import('node:path'))).toHaveProperty('join');
});
