import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../test/vector-files.js';
import { readLines } from './lines.js';

const folder = temporaryFolder();

async function all(path: string, skip = 0): Promise<{ number: number; text: string }[]> {
  const lines: { number: number; text: string }[] = [];
  for await (const line of readLines(path, skip)) lines.push(line);
  return lines;
}

it('gives the lines of plain and zipped files, whatever their ends', async () => {
  const line = fc
    .string({ unit: 'binary' })
    .filter((text) => !/[\r\n]/.test(text) && Buffer.from(text).toString() === text);
  const lines = fc.array(line, { maxLength: 20 });
  const skip = fc.nat(25);
  await fc.assert(
    fc.asyncProperty(lines, fc.constantFrom('\n', '\r\n'), skip, fc.boolean(), async (texts, end, skipped, last) => {
      // Without its end an empty last line is none.
      const closed = last || texts.at(-1) === '';
      const bytes = Buffer.from(texts.join(end) + (closed && texts.length > 0 ? end : ''));
      const plain = folder.file('a.jsonl', bytes);
      const zipped = folder.file('a.jsonl.gz', gzipSync(bytes));
      const expected = texts.map((text, at) => ({ number: at + 1, text })).slice(skipped);
      expect(await all(plain, skipped)).toEqual(expected);
      expect(await all(zipped, skipped)).toEqual(expected);
    }),
    { numRuns: 20 },
  );
});

it('gives lines that are longer than what is read at once', async () => {
  const long = 'é'.repeat(1_500_000);
  const path = folder.file('long.txt', Buffer.from(`a\n${long}\nb`));
  expect((await all(path)).map(({ text }) => text)).toEqual(['a', long, 'b']);
});

it('says what is wrong with a file', async () => {
  await expect(all(folder.file('none.txt'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(all(folder.file('none.txt.gz'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const bad = folder.file('bad.txt.gz');
  writeFileSync(bad, 'no gzip');
  await expect(all(bad)).rejects.toMatchObject({ code: 'BAD_VECTOR_FILE', message: expect.stringMatching(/unzipped/) });
  writeFileSync(bad, gzipSync('some lines\n'.repeat(1000)).subarray(0, 40));
  await expect(all(bad)).rejects.toMatchObject({ code: 'BAD_VECTOR_FILE' });
});

it('can be left before the end', async () => {
  const path = folder.file('many.txt', Buffer.from('x\n'.repeat(1_000_000)));
  for await (const { number } of readLines(path)) if (number === 3) break;
});
