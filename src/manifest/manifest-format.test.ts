import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { documentedManifest, sampleManifest } from '../../test/sample-manifest.js';
import type { Manifest } from './manifest.js';
import { decodeManifest, encodeManifest } from './manifest-format.js';

function documentedText(): string {
  const formats = readFileSync(new URL('../../FORMATS.md', import.meta.url), 'utf8');
  const start = formats.indexOf('vamana-manifest 1\n');
  return formats.slice(start, formats.indexOf('```', start));
}

/** The text with a last line that holds. */
function sealed(text: string): Buffer {
  return Buffer.from(`${text}crc32 ${crc32(text).toString(16).padStart(8, '0')}\n`);
}

describe('the format as documented', () => {
  it('is what is written and read', () => {
    expect(documentedText()).toBe(encodeManifest(documentedManifest).toString());
    expect(decodeManifest(Buffer.from(documentedText()), 'a', 2)).toEqual(documentedManifest);
  });
});

describe('a manifest', () => {
  it('comes back as it was', () => {
    const seq = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
    const json = fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true });
    fc.assert(
      fc.property(seq, json, (flushedSeq, config) => {
        // JSON has no minus zero.
        const manifest = { ...sampleManifest, flushedSeq, config: JSON.parse(JSON.stringify(config)) };
        expect(decodeManifest(encodeManifest(manifest), 'a', manifest.version)).toEqual(manifest);
      }),
    );
  });

  it('with any byte changed, put in or cut off is CORRUPT', () => {
    const bytes = encodeManifest(sampleManifest);
    const corrupt = expect.objectContaining({ code: 'CORRUPT', message: expect.stringMatching(/^a: /) });
    for (let at = 0; at < bytes.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        const flipped = Buffer.from(bytes);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        expect(() => decodeManifest(flipped, 'a', 3), `byte ${at}, bit ${bit}`).toThrow(corrupt);
      }
      expect(() => decodeManifest(bytes.subarray(0, at), 'a', 3), `length ${at}`).toThrow(corrupt);
      const longer = Buffer.concat([bytes.subarray(0, at), Buffer.from('x'), bytes.subarray(at)]);
      expect(() => decodeManifest(longer, 'a', 3), `more at ${at}`).toThrow(corrupt);
    }
  });

  it('of a later version is TOO_NEW, whatever else is in it', () => {
    const later = sealed('vamana-manifest 4\nsomething else\n');
    expect(() => decodeManifest(later, 'a', 3)).toThrow(expect.objectContaining({ code: 'TOO_NEW' }));
  });

  it('that is whole but wrong is CORRUPT', () => {
    const json = JSON.stringify(sampleManifest);
    const texts = ['', 'vamana-manifest 0\n{}\n', `vamana-manifest x\n${json}\n`, 'vamana-manifest 1\n{\n'];
    texts.push('vamana-manifest 1\n{}\n', `vamana-manifest 1\n${json.replace('"rows":90', '"rows":900')}\n`);
    for (const text of texts) {
      expect(() => decodeManifest(sealed(text), 'a', 3), text).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
    }
    const other = encodeManifest(sampleManifest);
    expect(() => decodeManifest(other, 'a', 4)).toThrow(/^a: .*it is version 3, which its name does not say/);
  });

  it('that breaks an invariant, or would be read as another, is never written', () => {
    const configs: object[] = [{ a: undefined }, { a: Number.NaN }, { a: new Date(0) }, { a: -0 }, new Map()];
    for (const config of configs) {
      const manifest: Manifest<object> = { ...sampleManifest, config };
      expect(() => encodeManifest(manifest)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    }
    expect(() => encodeManifest({ ...sampleManifest, version: 0 })).toThrow(/version: found 0/);
  });
});
