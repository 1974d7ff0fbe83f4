// A collection of a server that speaks Qdrant's REST API, as `import` scrolls it and `export` fills it: `vamana serve`,
// or Qdrant itself. Small on purpose: one vector a point, numbers exact, and what a busy server asks for, which is to
// wait and try again.
import { setTimeout } from 'node:timers/promises';
import { type ErrorCode, VamanaError } from '../src/errors.js';
import type { CollectionOptions, Metric, Payload, PointId, PointInput, VectorElement } from '../src/index.js';
import { parseExactJson, shortFloat, writeExactJson } from '../src/payload/exact-json.js';

export interface RemoteOptions {
  apiKey?: string;
  /** Which vector, where points have several. */
  vector?: string;
  signal?: AbortSignal;
}

export interface RemoteInfo {
  /** '' for the unnamed one. */
  vectorName: string;
  points: number;
  config: Pick<CollectionOptions, 'dim'> & { metric: Metric; element: VectorElement };
}

export interface RemotePage {
  points: PointInput[];
  /** The id at which the next page begins; undefined after the last. */
  next: number | bigint | string | undefined;
}

const METRICS: Readonly<Record<string, Metric>> = { Cosine: 'cosine', Euclid: 'l2', Dot: 'dot', Manhattan: 'l1' };
const ELEMENTS: Readonly<Record<string, VectorElement>> = { float32: 'f32', float16: 'f16', uint8: 'u8' };
const ATTEMPTS = 6;
const ANSWER_MS = 120_000;

/** Whether a path is the URL of a collection. */
export function isRemote(path: string): boolean {
  return /^https?:\/\//i.test(path);
}

export class RemoteCollection {
  readonly url: string;

  /** INVALID_ARGUMENT unless the URL ends as `/collections/NAME`. */
  constructor(
    given: string,
    private readonly options: RemoteOptions,
  ) {
    this.url = given.replace(/\/+$/, '');
    if (URL.canParse(this.url) && /\/collections\/[^/]+$/.test(new URL(this.url).pathname)) return;
    throw new VamanaError('INVALID_ARGUMENT', `${given}: expected http://HOST:PORT/collections/NAME`);
  }

  /** Undefined when there is no such collection. */
  async info(): Promise<RemoteInfo | undefined> {
    const found = await this.call('GET', '', undefined, true);
    if (found === undefined) return undefined;
    const { points_count, config } = found as { points_count?: number; config: { params: { vectors?: unknown } } };
    const [vectorName, params] = this.chooseVector(config.params.vectors);
    const { size, distance, datatype } = params;
    const metric = METRICS[String(distance)];
    const element = ELEMENTS[String(datatype ?? 'float32')];
    if (
      typeof size !== 'number' ||
      metric === undefined ||
      element === undefined ||
      params.multivector_config != null
    ) {
      throw this.unsupported(`its vectors are ${writeExactJson(params)}`);
    }
    return { vectorName, points: points_count ?? 0, config: { dim: size, metric, element } };
  }

  /** Vectors of `info.vectorName`, payloads; whole numbers as they are. */
  async page(offset: RemotePage['next'], limit: number, { vectorName, config }: RemoteInfo): Promise<RemotePage> {
    const body = {
      limit,
      with_payload: true,
      with_vector: vectorName === '' ? true : [vectorName],
      ...(offset === undefined ? {} : { offset }),
    };
    const found = await this.call('POST', '/points/scroll', body);
    const { points, next_page_offset } = found as {
      points: RemotePoint[];
      next_page_offset?: RemotePage['next'] | null;
    };
    return {
      points: points.map(({ id, vector, payload }) => {
        const named = vectorName === '' ? vector : (vector as Record<string, unknown> | undefined)?.[vectorName];
        if (!Array.isArray(named) || named.length !== config.dim) {
          throw this.unsupported(`point ${id} has no vector of ${config.dim} numbers`);
        }
        const hasPayload = payload !== null && payload !== undefined && Object.keys(payload).length > 0;
        return { id, vector: named.map(Number), payload: hasPayload ? payload : null };
      }),
      next: next_page_offset ?? undefined,
    };
  }

  async create({ dim, metric, element }: { dim: number; metric: Metric; element: VectorElement }): Promise<void> {
    const distance = Object.keys(METRICS).find((name) => METRICS[name] === metric);
    const datatype = Object.keys(ELEMENTS).find((name) => ELEMENTS[name] === element);
    const vectors = { size: dim, distance, ...(datatype === undefined || element === 'f32' ? {} : { datatype }) };
    await this.call('PUT', '', { vectors });
  }

  /** Resolves when they are written and visible. */
  async upsert(points: readonly PointInput[], { vectorName }: Pick<RemoteInfo, 'vectorName'>): Promise<void> {
    const wire = points.map(({ id, vector, payload }) => {
      const values = Array.from(vector as ArrayLike<number>, vector instanceof Float32Array ? shortFloat : Number);
      const named = vectorName === '' ? values : { [vectorName]: values };
      return { id: wireId(id as PointId), vector: named, ...(payload == null ? {} : { payload }) };
    });
    await this.call('PUT', '/points?wait=true', { points: wire });
  }

  private chooseVector(vectors: unknown): [name: string, params: Record<string, unknown>] {
    const { vector } = this.options;
    const params = (vectors ?? {}) as Record<string, unknown>;
    if ('size' in params) {
      if (vector !== undefined) throw this.unsupported(`its one vector has no name, ${vector} neither`);
      return ['', params];
    }
    const names = Object.keys(params);
    const chosen = vector ?? (names.length === 1 ? names[0] : undefined);
    if (chosen !== undefined && names.includes(chosen)) return [chosen, params[chosen] as Record<string, unknown>];
    const advice = names.length === 0 ? 'it has none' : `name one with --column: ${names.join(', ')}`;
    throw new VamanaError('INVALID_ARGUMENT', `${this.url}: which of its vectors is meant is not clear; ${advice}`);
  }

  private async call(method: string, path: string, body?: unknown, mayMiss = false): Promise<unknown> {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.send(method, path, body);
      const { status, text } = answer;
      if (status === 200) return (this.parse(text, status) as { result?: unknown }).result;
      if (status === 404 && mayMiss) return undefined;
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

  private unsupported(what: string): VamanaError {
    return new VamanaError('UNSUPPORTED', `${this.url}: ${what}; expected one dense vector a point`);
  }
}

interface RemotePoint {
  id: number | bigint | string;
  vector?: unknown;
  payload?: Payload | null;
}

function wireId(id: PointId): number | bigint | string {
  return typeof id === 'bigint' && id <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(id) : id;
}
