import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { compatibilityTable } from './compatibility.js';

it('is what docs/compatibility.md says', () => {
  const text = readFileSync(new URL('../../docs/compatibility.md', import.meta.url), 'utf8');
  expect(text).toContain(compatibilityTable());
});
