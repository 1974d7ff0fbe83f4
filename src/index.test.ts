import { expect, it } from 'vitest';
import * as library from './index.js';

it('offers exactly this, apart from types', () => {
  expect(Object.keys(library).sort()).toEqual([
    'FIELD_TYPES',
    'NO_ROW',
    'VamanaError',
    'buildIndex',
    'errorCatalogue',
    'fitLinearMap',
    'folderKind',
    'inspectCollection',
    'inspectDatabase',
    'inspectIndex',
    'mapVector',
    'open',
    'openIndex',
    'planIndex',
    'readSnapshotList',
    'readTuning',
    'tieAwareRecall',
    'tuneIndex',
    'tuningPath',
    'verifyCollection',
    'verifyFolder',
    'verifyIndex',
    'verifySnapshot',
    'writeTuning',
  ]);
});
