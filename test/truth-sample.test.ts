// The verbs truth and convert with the real addon, on the bundled sample: what they write is the sample's own
// exact truth, whatever the element type on the way. Needs the addon, which `npm test` builds first.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { loadNative } from '../src/binding.js';
import { MAX_DIMENSION } from '../src/limits.js';
import { register as registerConvert } from '../tools/convert.js';
import { register as registerTruth } from '../tools/truth.js';
import { runVerb } from './run-verb.js';
import { temporaryFolder } from './vector-files.js';

const folder = temporaryFolder();
const sample = (name: string): string => fileURLToPath(new URL(`sample/${name}`, import.meta.url));

async function truth(data: string, queries: string, metric: string): Promise<Buffer> {
  const out = folder.file('truth.ivecs');
  const argv = ['--data', data, '--queries', queries, '--metric', metric, '--k', '100', '--out', out, '--force'];
  expect(await runVerb(registerTruth, 'truth', ...argv)).toMatchObject({ exitCode: 0, stderr: '' });
  return readFileSync(out);
}

async function converted(name: string, to: string): Promise<string> {
  const out = folder.file(to);
  expect(await runVerb(registerConvert, 'convert', sample(name), out)).toMatchObject({ exitCode: 0, stderr: '' });
  return out;
}

it("has the addon's own limits", () => {
  expect(loadNative().constants.maxDimension).toBe(MAX_DIMENSION);
});

it('finds the truth of whole numbers, as u8 and as f32', async () => {
  const wanted = readFileSync(sample('sift-4k.gt100.ivecs'));
  const queries = sample('sift-4k.query.u8bin');
  expect((await truth(sample('sift-4k.base.u8bin'), queries, 'l2')).equals(wanted)).toBe(true);
  const floats = await converted('sift-4k.base.u8bin', 'sift.fvecs');
  expect((await truth(floats, queries, 'l2')).equals(wanted)).toBe(true);
});

it('finds the truth of half floats by cosine', async () => {
  const wanted = readFileSync(sample('gloss-4k.gt100.ivecs'));
  const found = await truth(sample('gloss-4k.base.f16.npy'), sample('gloss-4k.query.f16.npy'), 'cosine');
  expect(found.equals(wanted)).toBe(true);
});
