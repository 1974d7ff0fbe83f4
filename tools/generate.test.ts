// The verb: files of every element that are what they say, equal for equal seeds, nothing left after a failure.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runVerb } from '../test/run-verb.js';
import { temporaryFolder } from '../test/vector-files.js';
import { openVectorSource } from '../src/source/vector-source.js';
import { register } from './generate.js';

const folder = temporaryFolder();
const generate = (out: string, ...options: string[]) => runVerb(register, 'generate', folder.file(out), ...options);

describe('vamana generate', () => {
  it('writes what was asked for, in the format of the name', async () => {
    for (const [out, element] of [
      ['a.fvecs', 'f32'],
      ['a.u8bin', 'u8'],
      ['a.i8bin', 'i8'],
      ['a.npy', 'f16'],
    ] as const) {
      const options = ['--rows', '3e2', '--dim', '20', '--element', element, '--json'];
      const { stdout } = await generate(out, ...options, '--queries', folder.file(`q-${out}`), '--query-rows', '7');
      expect(JSON.parse(stdout)).toMatchObject({
        rows: 300,
        dim: 20,
        element,
        clusters: 17,
        intrinsic_dim: 16,
        seed: 1,
      });
      for (const [name, rows] of [
        [out, 300],
        [`q-${out}`, 7],
      ] as const) {
        const source = await openVectorSource(folder.file(name));
        expect([source.rows, source.dim, source.element]).toEqual([rows, 20, element]);
        source.close();
      }
    }
  });

  it('gives the same bytes for the same seed, and others for another', async () => {
    const shape = ['--rows', '500', '--dim', '8'];
    for (const [out, seed] of [
      ['s1.fbin', '5'],
      ['s2.fbin', '5'],
      ['s3.fbin', '6'],
    ] as const) {
      expect(await generate(out, ...shape, '--seed', seed)).toMatchObject({ exitCode: 0 });
    }
    const [one, two, three] = ['s1.fbin', 's2.fbin', 's3.fbin'].map((name) => readFileSync(folder.file(name)));
    expect(one).toEqual(two);
    expect(one).not.toEqual(three);
  });

  it('refuses what cannot be, and leaves nothing behind', async () => {
    const before = readdirSync(folder.path);
    for (const [out, options, exitCode] of [
      ['x.fbin', ['--rows', '0', '--dim', '8'], 2],
      ['x.fbin', ['--rows', '10', '--dim', '8', '--duplicates', '1'], 2],
      ['x.ivecs', ['--rows', '10', '--dim', '8'], 1],
      ['x.bvecs', ['--rows', '10', '--dim', '8', '--element', 'f32'], 1],
      ['x.fbin', ['--rows', '10', '--dim', '70000'], 1],
      ['x.fbin', ['--rows', '10', '--dim', '8', '--queries', folder.file('x.fbin')], 2],
      ['s1.fbin', ['--rows', '10', '--dim', '8'], 1],
    ] as const) {
      expect(await generate(out, ...options)).toMatchObject({ exitCode, stdout: '' });
    }
    expect(readdirSync(folder.path)).toEqual(before);
  });
});
