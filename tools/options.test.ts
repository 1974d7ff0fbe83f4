// What the option readers accept, and that a refusal names option, found and expected.
import { describe, expect, it } from 'vitest';
import { choice, choiceOrInteger, integer, integerList, number, parseSize, positiveInteger } from './options.js';
import { createProgram } from './run.js';

describe('parseSize', () => {
  it('reads decimal and binary units', () => {
    const sizes = {
      '512MB': 512e6,
      '16GB': 16e9,
      '1GiB': 2 ** 30,
      '1.5GB': 1.5e9,
      '64 MiB': 2 ** 26,
      '0': 0,
      '4096': 4096,
      '2kb': 2000,
    };
    for (const [text, bytes] of Object.entries(sizes)) expect(parseSize(text)).toBe(bytes);
  });

  it('refuses anything else', () => {
    for (const text of ['', 'GB', '-1GB', '1XB', '1e9', '1,5GB', '99999999TB']) {
      expect(() => parseSize(text)).toThrow('Expected a size such as 512MB, 16GB or 1GiB.');
    }
  });
});

describe('numbers', () => {
  it('are read within bounds', () => {
    expect(positiveInteger('10')).toBe(10);
    expect(integer(0)('0')).toBe(0);
    expect(number(1)('1.2')).toBe(1.2);
    expect(integerList(1)('20,30,40')).toEqual([20, 30, 40]);
    for (const text of ['0', '-1', '1.5', 'x', '', '1e3', '99999999999999999999']) {
      expect(() => positiveInteger(text)).toThrow('Expected a whole number of at least 1.');
    }
    expect(() => integer(1, 5)('6')).toThrow('from 1 to 5');
    for (const text of ['', 'NaN', 'Infinity', '0.5']) expect(() => number(1)(text)).toThrow('at least 1');
    for (const text of ['', '1,', '1,0', '1;2']) expect(() => integerList(1)(text)).toThrow('between commas');
  });
});

describe('choices', () => {
  it('are read to the letter', () => {
    expect(choice(['auto', 'mmap'])('mmap')).toBe('mmap');
    expect(() => choice(['auto', 'mmap'])('MMAP')).toThrow('Expected one of auto, mmap.');
    expect(choiceOrInteger(['auto'], 1)('24')).toBe(24);
    expect(choiceOrInteger(['auto'], 1)('auto')).toBe('auto');
    expect(() => choiceOrInteger(['auto'], 1)('0')).toThrow('Expected auto or a whole number of at least 1.');
  });
});

describe('a refused option', () => {
  it('names the option, what was found and what was expected', async () => {
    const program = createProgram();
    program.command('go').option('--memory-limit <size>', 'x', parseSize);
    const wrong = program.parseAsync(['go', '--memory-limit', 'lots'], { from: 'user' });
    await expect(wrong).rejects.toThrow(/--memory-limit <size>.*'lots'.*Expected a size such as 512MB/);
  });
});
