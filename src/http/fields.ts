// Members of a request's body, taken one by one and checked as they are taken: each refusal names the member, what was
// found there and what was expected. Null is the same as absent, as it is in Qdrant. Members that nobody takes are
// passed over, as the real server does; those that would change the answer are refused by name (see `refuse`).
import { badRequest, notSupported } from './wire-error.js';

export interface IntegerRange {
  least?: number;
  most?: number;
}

export class Fields {
  private constructor(
    private readonly members: Readonly<Record<string, unknown>>,
    readonly place: string,
  ) {}

  /** 400 unless it is an object. */
  static of(value: unknown, place = ''): Fields {
    if (isObject(value)) return new Fields(value, place);
    throw badRequest(`${place === '' ? 'the body' : place}: found ${describe(value)}, expected an object`);
  }

  /** The member as it is; undefined for null too. */
  raw(name: string): unknown {
    if (!Object.hasOwn(this.members, name)) return undefined;
    return this.members[name] ?? undefined;
  }

  has(name: string): boolean {
    return this.raw(name) !== undefined;
  }

  names(): string[] {
    return Object.keys(this.members).filter((name) => this.has(name));
  }

  required(name: string): unknown {
    const value = this.raw(name);
    if (value === undefined) throw badRequest(`missing field \`${this.path(name)}\``);
    return value;
  }

  integer(name: string, { least = 0, most = Number.MAX_SAFE_INTEGER }: IntegerRange = {}): number | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) return Number(value);
    throw this.wrong(name, `a whole number from ${least} to ${most}`);
  }

  number(name: string): number | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw this.wrong(name, 'a number');
  }

  boolean(name: string): boolean | undefined {
    const value = this.raw(name);
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.wrong(name, 'true or false');
  }

  string(name: string): string | undefined {
    const value = this.raw(name);
    if (value === undefined || typeof value === 'string') return value;
    throw this.wrong(name, 'a string');
  }

  oneOf<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    const choice = choices.find((one) => one === value);
    if (choice === undefined) throw this.wrong(name, choices.join(', '));
    return choice;
  }

  list(name: string): readonly unknown[] | undefined {
    const value = this.raw(name);
    if (value === undefined || Array.isArray(value)) return value;
    throw this.wrong(name, 'a list');
  }

  object(name: string): Fields | undefined {
    const value = this.raw(name);
    return value === undefined ? undefined : Fields.of(value, this.path(name));
  }

  path(name: string): string {
    return this.place === '' ? name : `${this.place}.${name}`;
  }

  /** For members that ask for what this service has not. */
  refuse(instead: string, ...names: readonly string[]): void {
    const found = names.find((name) => this.has(name));
    if (found !== undefined) throw notSupported(`\`${this.path(found)}\``, instead);
  }

  wrong(name: string, expected: string): Error {
    return badRequest(`${this.path(name)}: found ${describe(this.raw(name))}, expected ${expected}`);
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !isList(value);
}

/** A list, or a vector as vector-json.ts makes one. */
export function isList(value: unknown): value is unknown[] | Float32Array {
  return Array.isArray(value) || value instanceof Float32Array;
}

export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (isList(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 64)) : String(value);
}
