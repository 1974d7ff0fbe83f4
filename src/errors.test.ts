import { describe, expect, it } from 'vitest';
import { asVamanaError, errorCatalogue, isErrorCode, VamanaError } from './errors.js';

describe('VamanaError', () => {
  it('carries its code, the catalogue entry and the cause', () => {
    const cause = new Error('below');
    const error = new VamanaError('DISK_FULL', 'write /a: no space left', { cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'VamanaError', code: 'DISK_FULL', httpStatus: 507, retryable: true, cause });
  });
});

describe('asVamanaError', () => {
  it('keeps a VamanaError as it is', () => {
    const error = new VamanaError('BUSY', 'the queue holds 8 requests');
    expect(asVamanaError(error)).toBe(error);
  });

  it("keeps the addon's code and message", () => {
    const thrown = Object.assign(new Error('header of /a is damaged'), { code: 'CORRUPT' });
    expect(asVamanaError(thrown)).toMatchObject({ code: 'CORRUPT', message: 'header of /a is damaged', cause: thrown });
  });

  it('takes anything else as a bug', () => {
    expect(asVamanaError(Object.assign(new Error('no'), { code: 'ENOENT' }))).toMatchObject({ code: 'INTERNAL' });
    expect(asVamanaError('plain text')).toMatchObject({ code: 'INTERNAL', message: 'plain text' });
  });
});

describe('the catalogue', () => {
  it('knows its own codes and no inherited name', () => {
    for (const code of Object.keys(errorCatalogue)) expect(isErrorCode(code)).toBe(true);
    expect(isErrorCode('toString')).toBe(false);
    expect(isErrorCode(5)).toBe(false);
  });
});
