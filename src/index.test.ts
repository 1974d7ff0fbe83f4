import { expect, it } from 'vitest';
import * as library from './index.js';

it('offers exactly this, apart from types', () => {
  expect(Object.keys(library).sort()).toEqual([
    'NO_ROW',
    'VamanaError',
    'buildIndex',
    'errorCatalogue',
    'inspectIndex',
    'open',
    'openIndex',
    'planIndex',
    'tieAwareRecall',
    'verifyIndex',
  ]);
});
