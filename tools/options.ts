// Readers of option values, for commander's argument parsers. Each throws InvalidArgumentError, to which
// commander adds the option's name and what was found; the message here says what was expected.
// Not here: which options a verb has, and their defaults, which stand in the verb's own file.
import { InvalidArgumentError } from 'commander';

const UNIT_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** `512MB`, `16GB`, `1GiB`, `1.5GB`, `0` -> bytes. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const unit = UNIT_BYTES[(match?.[2] ?? '').toLowerCase()];
  const bytes = match?.[1] === undefined || unit === undefined ? Number.NaN : Math.round(Number(match[1]) * unit);
  if (!Number.isSafeInteger(bytes)) {
    throw new InvalidArgumentError('Expected a size such as 512MB, 16GB or 1GiB.');
  }
  return bytes;
}

/** A reader of whole numbers in [least, most]. */
export function integer(least: number, most: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^[+-]?\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      throw new InvalidArgumentError(`Expected a whole number ${range(least, most, Number.MAX_SAFE_INTEGER)}.`);
    }
    return value;
  };
}

export const positiveInteger = integer(1);

/** A reader of large whole numbers, which may be written as 1e9 or 2.5e8. */
export function count(least: number): (text: string) => number {
  return (text) => {
    const value = /^\d+(\.\d+)?(e\d{1,2})?$/i.test(text.trim()) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`Expected a whole number of at least ${least}, such as 1000000 or 1e9.`);
    }
    return value;
  };
}

/** A reader of numbers in [least, most]. */
export function number(least: number, most: number = Number.POSITIVE_INFINITY): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!Number.isFinite(value) || value < least || value > most) {
      throw new InvalidArgumentError(`Expected a number ${range(least, most, Number.POSITIVE_INFINITY)}.`);
    }
    return value;
  };
}

/** A reader of one of a few words. */
export function choice<const Words extends readonly string[]>(words: Words): (text: string) => Words[number] {
  return (text) => {
    if (!words.includes(text)) throw new InvalidArgumentError(`Expected one of ${words.join(', ')}.`);
    return text;
  };
}

/** A reader of one of a few words or a whole number of at least `least`, such as `auto|N`. */
export function choiceOrInteger<const Words extends readonly string[]>(
  words: Words,
  least: number,
): (text: string) => Words[number] | number {
  const readInteger = integer(least);
  return (text) => {
    if (words.includes(text)) return text;
    try {
      return readInteger(text);
    } catch {
      throw new InvalidArgumentError(`Expected ${words.join(', ')} or a whole number of at least ${least}.`);
    }
  };
}

/** `20,30,40` -> [20, 30, 40]. */
export function integerList(least: number): (text: string) => number[] {
  const readInteger = integer(least);
  return (text) => {
    try {
      return text.split(',').map(readInteger);
    } catch {
      throw new InvalidArgumentError(`Expected whole numbers of at least ${least} between commas, such as 20,40,80.`);
    }
  };
}

function range(least: number, most: number, unbounded: number): string {
  return most === unbounded ? `of at least ${least}` : `from ${least} to ${most}`;
}

export function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidArgumentError(`Expected JSON (${error instanceof Error ? error.message : String(error)}).`);
  }
}
