// The limits that stand on both sides of the native boundary are equal.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { MAX_DIMENSION } from './limits.js';

it("equals the addon's limits", () => {
  const header = readFileSync(new URL('../native/format/segment_format.h', import.meta.url), 'utf8');
  expect(/constexpr uint32_t kMaxDimension = (\d+);/.exec(header)?.[1]).toBe(String(MAX_DIMENSION));
});
