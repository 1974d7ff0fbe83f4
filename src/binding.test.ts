// The loader, and the numbers and names that the two languages share.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadNative, loadNativeFrom } from './binding.js';
import { errorCatalogue } from './errors.js';
import { MAX_DIMENSION, NO_ROW } from './limits.js';

describe('loadNative', () => {
  it('loads the addon once', () => {
    expect(loadNative()).toBe(loadNative());
  });
});

describe('loadNativeFrom', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vamana-test-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('says what to run when the addon is not there', () => {
    const path = join(folder, 'absent.node');
    expect(() => loadNativeFrom(path)).toThrowError(
      expect.objectContaining({
        code: 'ADDON_MISSING',
        message: `the native addon ${path} cannot be loaded: it is not there; run \`npm rebuild vamana-ssd\` where the package is installed, or \`npm run build\` in its own folder`,
      }),
    );
  });

  it('keeps the reason when the system refuses it', () => {
    const path = join(folder, 'broken.node');
    writeFileSync(path, 'not a shared object');
    expect(() => loadNativeFrom(path)).toThrowError(
      expect.objectContaining({
        code: 'ADDON_MISSING',
        message: expect.stringMatching(/invalid ELF header|too short/),
      }),
    );
  });
});

/** Errors that only TypeScript raises. */
const ONLY_TYPESCRIPT = ['GATE_REFUSED', 'ADDON_MISSING', 'ROWS_EXHAUSTED', 'UNINDEXED_FILTER', 'VERSION_CONFLICT'];

describe('constants', () => {
  const { constants } = loadNative();

  it('cannot be changed', () => {
    expect(
      Object.isFrozen(constants) && Object.isFrozen(constants.defaults) && Object.isFrozen(constants.errorCodes),
    ).toBe(true);
  });

  it('has the error codes of the catalogue, which adds only those of TypeScript', () => {
    expect([...constants.errorCodes, ...ONLY_TYPESCRIPT].sort()).toEqual(Object.keys(errorCatalogue).sort());
  });

  it('has the limits that stand in TypeScript too', () => {
    expect(constants.noRow).toBe(NO_ROW);
    expect(constants.maxDimension).toBe(MAX_DIMENSION);
  });

  it('has whole numbers', () => {
    const { defaults, errorCodes, ...numbers } = constants;
    expect(Object.values(numbers).every(Number.isSafeInteger)).toBe(true);
    expect(Object.values(defaults).every((value) => value > 0)).toBe(true);
  });

  it.each([
    ['build-index.ts', ['degree', 'buildList', 'alpha', 'codeBytes']],
    ['open-index.ts', ['k', 'listSize', 'queueRequests']],
  ] as const)('has the defaults that %s documents', (file, options) => {
    const text = readFileSync(new URL(`./segment/${file}`, import.meta.url), 'utf8');
    for (const option of options) {
      const comment = new RegExp(`/\\*\\*((?:(?!\\*/)[^])*)\\*/\\s*${option}\\?:`).exec(text)?.[1];
      expect(comment, option).toContain(`${constants.defaults[option]} by default`);
    }
  });
});
