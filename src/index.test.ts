import { expect, it } from 'vitest';
import * as library from './index.js';

it('offers exactly this, apart from types', () => {
  expect(Object.keys(library).sort()).toEqual([
    'FIELD_TYPES',
    'NO_ROW',
    'VamanaError',
    'buildIndex',
    'errorCatalogue',
    'folderKind',
    'inspectCollection',
    'inspectDatabase',
    'inspectIndex',
    'open',
    'openIndex',
    'planIndex',
    'readSnapshotList',
    'tieAwareRecall',
    'verifyCollection',
    'verifyFolder',
    'verifyIndex',
    'verifySnapshot',
  ]);
});
