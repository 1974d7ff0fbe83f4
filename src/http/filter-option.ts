// The filter of a request, as the library takes it: it parses and checks what is in it, and names the bad part.
import { type Fields, isObject } from './fields.js';

/** Undefined where there is none. 400 for what is no object. */
export function readFilter(body: Fields, name = 'filter'): Record<string, unknown> | undefined {
  const filter = body.raw(name);
  if (filter === undefined || isObject(filter)) return filter;
  throw body.wrong(name, 'a filter');
}

/** To be spread into the options of a call. */
export function filterOption(filter: unknown): { filter?: unknown } {
  return filter === undefined ? {} : { filter };
}
