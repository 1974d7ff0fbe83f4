// A part of a filter's JSON and where it stands, so that whatever is wrong with it is said with its path. Readers of the
// shapes that conditions are made of; what conditions mean is parse-filter.ts and parse-condition.ts.
import { VamanaError } from '../errors.js';
import { parsePath, type PayloadPath } from '../payload/payload-path.js';

export class JsonPart {
  constructor(
    readonly value: unknown,
    /** As `filter.must[2].range`. */
    readonly at: string,
  ) {}

  wrong(expected: string): VamanaError {
    return new VamanaError('INVALID_ARGUMENT', `${this.at}: found ${describe(this.value)}, expected ${expected}`);
  }

  /** The members of an object, of which none has another name than these. Members that are null count as missing. */
  members<Name extends string>(names: readonly Name[]): Partial<Record<Name, JsonPart>> {
    const { value } = this;
    if (!isObject(value)) throw this.wrong(`an object with ${names.join(', ')}`);
    const parts: Partial<Record<Name, JsonPart>> = {};
    for (const name of Object.keys(value)) {
      if (!names.includes(name as Name)) {
        const message = `${this.at}: found the unknown member ${JSON.stringify(name)}, expected ${names.join(', ')}`;
        throw new VamanaError('INVALID_ARGUMENT', message);
      }
      if (value[name] === null || value[name] === undefined) continue;
      parts[name as Name] = new JsonPart(value[name], `${this.at}.${name}`);
    }
    return parts;
  }

  /** The one member that must be there. */
  member(name: string, part: JsonPart | undefined): JsonPart {
    if (part !== undefined) return part;
    throw new VamanaError('INVALID_ARGUMENT', `${this.at}: the member ${name} is missing`);
  }

  elements(what: string, most: number): JsonPart[] {
    const { value } = this;
    if (!Array.isArray(value)) throw this.wrong(`an array of ${what}`);
    if (value.length > most) {
      const message = `${this.at}: found ${value.length} ${what}, expected at most ${most}`;
      throw new VamanaError('INVALID_ARGUMENT', message);
    }
    return value.map((element, at) => new JsonPart(element, `${this.at}[${at}]`));
  }

  string(): string {
    if (typeof this.value === 'string') return this.value;
    throw this.wrong('a string');
  }

  /** A number as it is, or a whole one past 2^53 as a bigint. */
  number(): number | bigint {
    const { value } = this;
    if (typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value))) return value;
    throw this.wrong('a number');
  }

  numberWithin(least: number, most: number): number {
    const value = this.number();
    if (value >= least && value <= most) return Number(value);
    throw this.wrong(`a number from ${least} to ${most}`);
  }

  count(): number {
    const { value } = this;
    if (
      (typeof value === 'number' && Number.isInteger(value) && value >= 0) ||
      (typeof value === 'bigint' && value >= 0)
    )
      return Number(value);
    throw this.wrong('a whole number from 0');
  }

  path(): PayloadPath {
    const text = this.string();
    try {
      return parsePath(text);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new VamanaError('INVALID_ARGUMENT', `${this.at}: ${reason}`, { cause });
    }
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const SHOWN_CHARS = 60;

function describe(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (isObject(value)) return `an object with ${Object.keys(value).slice(0, 5).join(', ') || 'no members'}`;
  if (typeof value !== 'string') return String(value);
  return JSON.stringify(value.length > SHOWN_CHARS ? `${value.slice(0, SHOWN_CHARS)}...` : value);
}
