import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/vector-files.js';
import { encodePayload } from '../payload/payload-codec.js';
import { checkEnvironmentFile } from './environment-file.js';
import { openMetaStore } from './meta-store.js';

const folder = temporaryFolder();

async function storeFile(name: string): Promise<string> {
  const path = folder.file(name);
  const store = openMetaStore(path, { reserveBytes: 0, mapBytes: 2 ** 24 });
  const payload = encodePayload({ text: 'x'.repeat(1000) });
  const ops = Array.from({ length: 500 }, (_, row) => ({
    kind: 'put' as const,
    id: BigInt(row),
    row,
    dead: null,
    payload,
  }));
  await store.apply([{ seq: 1, ops }]);
  await store.close();
  checkEnvironmentFile(path);
  return path;
}

const corrupt = expect.objectContaining({ code: 'CORRUPT' });

describe('a metadata file', () => {
  it('may be missing or empty', () => {
    const path = folder.file('empty');
    checkEnvironmentFile(path);
    mkdirSync(path);
    checkEnvironmentFile(path);
    writeFileSync(join(path, 'data.mdb'), '');
    checkEnvironmentFile(path);
  });

  it('that was cut short anywhere is refused', async () => {
    const path = await storeFile('cut');
    const file = join(path, 'data.mdb');
    let bytes = readFileSync(file).length;
    for (bytes -= 1; bytes > 0; bytes = Math.floor(bytes * 0.7)) {
      truncateSync(file, bytes);
      expect(() => openMetaStore(path)).toThrow(corrupt);
    }
  });

  it.each([24, 27, 4096 + 24, 48, 49])('with another byte %i is refused', async (offset) => {
    const path = await storeFile(`byte-${offset}`);
    const file = join(path, 'data.mdb');
    const bytes = readFileSync(file);
    bytes[offset] = (bytes[offset] as number) ^ 0x55;
    writeFileSync(file, bytes);
    expect(() => openMetaStore(path)).toThrow(corrupt);
  });

  it('that is something else is refused', () => {
    const path = folder.file('else');
    mkdirSync(path);
    for (const bytes of [1, 100, 4096, 70_000, 200_000]) {
      writeFileSync(join(path, 'data.mdb'), Buffer.alloc(bytes, 'no tables here. '));
      expect(() => openMetaStore(path)).toThrow(corrupt);
    }
  });
});
