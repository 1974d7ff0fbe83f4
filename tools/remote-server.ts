// A server with the REST API of Qdrant, as verbs call it: `vamana serve`, or Qdrant itself. JSON in which whole numbers are
// exact, what a busy server asks for (wait and try again), and its refusals as errors of the catalogue. What is called is
// remote-collection.ts, and the verbs that take `--url`.
import { setTimeout } from 'node:timers/promises';
import { type ErrorCode, VamanaError } from '../src/errors.js';
import { parseExactJson, writeExactJson } from '../src/payload/exact-json.js';

export interface RemoteOptions {
  apiKey?: string;
  signal?: AbortSignal;
}

const ATTEMPTS = 6;
const ANSWER_MS = 120_000;

export class RemoteServer {
  readonly url: string;

  constructor(
    given: string,
    readonly options: RemoteOptions,
  ) {
    this.url = given.replace(/\/+$/, '');
  }

  /** The same, whose calls nothing interrupts. */
  unbound(): RemoteServer {
    const { apiKey } = this.options;
    return new RemoteServer(this.url, apiKey === undefined ? {} : { apiKey });
  }

  /** The `result` of an answer; undefined for a 404 that may be. */
  async call(method: string, path: string, body?: unknown, { mayMiss = false } = {}): Promise<unknown> {
    return (await this.answer(method, path, body, { mayMiss })).result;
  }

  /** All members of an answer; none for a 404 that may be. */
  async answer(
    method: string,
    path: string,
    body?: unknown,
    { mayMiss = false } = {},
  ): Promise<Record<string, unknown>> {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.send(method, path, body);
      const { status, text } = answer;
      if (status === 200) return this.parse(text, status) as Record<string, unknown>;
      if (status === 404 && mayMiss) return {};
      const busy = status === 429 || status === 503;
      if (!busy || attempt === ATTEMPTS) throw this.refused(method, path, status, text);
      await setTimeout(Math.min(10, answer.retryAfter ?? 2 ** attempt / 4) * 1000, undefined, this.abortable());
    }
  }

  private async send(
    method: string,
    path: string,
    body: unknown,
  ): Promise<{ status: number; text: string; retryAfter: number | undefined }> {
    const { apiKey, signal } = this.options;
    const timeout = AbortSignal.timeout(ANSWER_MS);
    try {
      const response = await fetch(this.url + path, {
        method,
        headers: { 'content-type': 'application/json', ...(apiKey === undefined ? {} : { 'api-key': apiKey }) },
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
        ...(body === undefined ? {} : { body: writeExactJson(body) }),
      });
      const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
      const text = await response.text();
      return { status: response.status, text, retryAfter: Number.isFinite(retryAfter) ? retryAfter : undefined };
    } catch (cause) {
      signal?.throwIfAborted();
      const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
      const reason = inner instanceof Error ? inner.message : String(inner);
      throw new VamanaError('IO', `${this.url}: the server cannot be reached: ${reason}`, { cause });
    }
  }

  private abortable(): { signal?: AbortSignal } {
    const { signal } = this.options;
    return signal === undefined ? {} : { signal };
  }

  private parse(text: string, status: number): unknown {
    try {
      return parseExactJson(text);
    } catch (cause) {
      const found = text.slice(0, 80);
      throw new VamanaError('IO', `${this.url}: answer ${status} is no JSON: ${found}; is it a Qdrant server?`, {
        cause,
      });
    }
  }

  private refused(method: string, path: string, status: number, text: string): VamanaError {
    const error = /"error"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? text.slice(0, 200);
    const advice = status === 401 || status === 403 ? '; give its key with --api-key' : '';
    const code: ErrorCode =
      status === 404 ? 'NOT_FOUND' : status === 409 ? 'ALREADY_EXISTS' : status < 500 ? 'INVALID_ARGUMENT' : 'IO';
    return new VamanaError(code, `${method} ${this.url}${path}: answer ${status}: ${error}${advice}`);
  }
}
