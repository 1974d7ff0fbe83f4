import { describe, expect, it } from 'vitest';
import { decompressLz4Block, decompressLz4Frame } from './lz4.js';

// Made by `lz4` 1.9.4 from the text below: one block, with a checksum of the content.
const FRAME = Buffer.from(
  'BCJNGGRApywAAABvaGVsbG8gBgAK/QksIExaNCBmcmFtZXM6IDAxMjM0NTY3ODkLAFA1Njc4OQAAAABsdggV',
  'base64',
);
const TEXT = 'hello hello hello hello hello hello, LZ4 frames: 0123456789 0123456789 0123456789';

/** A block of literals only. */
function literals(text: string): Buffer {
  const length = text.length < 15 ? [text.length << 4] : [15 << 4, text.length - 15];
  return Buffer.concat([Buffer.from(length), Buffer.from(text)]);
}

describe('LZ4', () => {
  it('reads frames, one or several, with overlapping matches', () => {
    expect(Buffer.from(decompressLz4Frame(FRAME, 1000)).toString()).toBe(TEXT);
    expect(Buffer.from(decompressLz4Frame(Buffer.concat([FRAME, FRAME]), 1000)).toString()).toBe(TEXT + TEXT);
  });

  it('reads blocks', () => {
    expect(Buffer.from(decompressLz4Block(literals('abc'), 3)).toString()).toBe('abc');
    expect(Buffer.from(decompressLz4Block(literals('x'.repeat(200)), 200)).toString()).toBe('x'.repeat(200));
    // "ab", then 9 bytes from 2 back, then a last literal.
    const block = Buffer.from([0x25, 97, 98, 2, 0, 0x10, 99]);
    expect(Buffer.from(decompressLz4Block(block, 12)).toString()).toBe('abababababac');
  });

  it('refuses whatever is cut off, reaches before the start or is longer than expected', () => {
    for (let length = 1; length < FRAME.length - 4; length += 1) {
      expect(() => decompressLz4Frame(FRAME.subarray(0, length), 1000), String(length)).toThrow();
    }
    expect(() => decompressLz4Frame(FRAME, TEXT.length - 1)).toThrow(/more than/);
    expect(() => decompressLz4Block(literals('abc'), 2)).toThrow(/more than expected/);
    expect(() => decompressLz4Block(Buffer.from([0x10, 97, 9, 0]), 20)).toThrow(/before the start/);
    expect(() => decompressLz4Frame(Buffer.from('no frame at all'), 20)).toThrow(/begin as an LZ4 frame/);
  });
});
