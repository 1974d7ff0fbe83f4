// Work that takes long, waited for or not: with `wait=false` the answer is 202 at once, and the work goes on though the
// client may be gone. What it fails with is logged then.
import { Accepted } from './raw-answer.js';
import type { WireRequest } from './route.js';

export async function inBackground<T>(
  { query, signal, parts }: WireRequest,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | Accepted> {
  if (query.oneOf('wait', ['true', 'false']) !== 'false') return work(signal);
  work(new AbortController().signal).catch((err) => parts.logger.error({ err }, 'work in the background failed'));
  return new Accepted();
}
