// `npm run test:memory -- --seconds 600 --seed 1`: rounds of all that a service does, for so long; fails where its memory
// has grown.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { grown, runServiceMemory } from '../service-memory-run.js';
import { numbers, say } from './arguments.js';

const { seconds, seed } = numbers({ seconds: 600, seed: 1 });
const dir = mkdtempSync(join(tmpdir(), 'vamana-memory-'));
try {
  const endMs = performance.now() + 1000 * seconds;
  const report = await runServiceMemory(join(dir, 'data'), seed, () => performance.now() < endMs);
  const wrong = grown(report);
  say(`${wrong.length === 0 ? 'PASSED' : `FAILED: ${wrong.join('; ')}`}: ${JSON.stringify(report)}`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
} finally {
  rmSync(dir, { recursive: true, force: true });
}
