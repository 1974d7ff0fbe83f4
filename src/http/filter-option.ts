// Filters of requests. The library does not look at payloads yet, so only those that leave nothing out are taken:
// any other is refused, since an answer that passed over it would be wrong. The one place to join when it does.
import { type Fields, isObject } from './fields.js';
import { notSupported } from './wire-error.js';

const CLAUSES = ['must', 'should', 'must_not'];

/** Whether the member is there; then it lets every point pass. 400 for one that would not. */
export function readFilter(body: Fields, name = 'filter'): boolean {
  const filter = body.raw(name);
  if (filter === undefined) return false;
  const isEmpty =
    isObject(filter) &&
    Object.entries(filter).every(
      ([key, value]) => CLAUSES.includes(key) && (value === null || (Array.isArray(value) && value.length === 0)),
    );
  if (!isEmpty) throw notSupported(`\`${body.path(name)}\` with conditions`, 'leave it out and select by ids');
  return true;
}
