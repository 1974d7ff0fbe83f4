// A collection of a server that speaks Qdrant's REST API, as `import` scrolls it and `export` fills it. Small on purpose:
// one vector a point. How it is called is remote-server.ts.
import { VamanaError } from '../src/errors.js';
import type { CollectionOptions, Metric, Payload, PointId, PointInput, VectorElement } from '../src/index.js';
import { shortFloat, writeExactJson } from '../src/payload/exact-json.js';
import { type RemoteOptions as ServerOptions, RemoteServer } from './remote-server.js';

export interface RemoteOptions extends ServerOptions {
  /** Which vector, where points have several. */
  vector?: string;
  /** The option by which the verb is told, for messages; --column by default. */
  vectorOption?: string;
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

/** Whether a path is the URL of a collection. */
export function isRemote(path: string): boolean {
  return /^https?:\/\//i.test(path);
}

export class RemoteCollection {
  readonly url: string;
  private readonly server: RemoteServer;

  /** INVALID_ARGUMENT unless the URL ends as `/collections/NAME`. */
  constructor(
    given: string,
    private readonly options: RemoteOptions,
  ) {
    this.server = new RemoteServer(given, options);
    this.url = this.server.url;
    if (URL.canParse(this.url) && /\/collections\/[^/]+$/.test(new URL(this.url).pathname)) return;
    throw new VamanaError('INVALID_ARGUMENT', `${given}: expected http://HOST:PORT/collections/NAME`);
  }

  /** Undefined when there is no such collection. */
  async info(): Promise<RemoteInfo | undefined> {
    const found = await this.server.call('GET', '', undefined, { mayMiss: true });
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
    const found = await this.server.call('POST', '/points/scroll', body);
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
    await this.server.call('PUT', '', { vectors });
  }

  /** Resolves when they are written and visible. */
  async upsert(points: readonly PointInput[], { vectorName }: Pick<RemoteInfo, 'vectorName'>): Promise<void> {
    const wire = points.map(({ id, vector, payload }) => {
      const values = Array.from(vector as ArrayLike<number>, vector instanceof Float32Array ? shortFloat : Number);
      const named = vectorName === '' ? values : { [vectorName]: values };
      return { id: wireId(id as PointId), vector: named, ...(payload == null ? {} : { payload }) };
    });
    await this.server.call('PUT', '/points?wait=true', { points: wire });
  }

  private chooseVector(vectors: unknown): [name: string, params: Record<string, unknown>] {
    const { vector, vectorOption = '--column' } = this.options;
    const params = (vectors ?? {}) as Record<string, unknown>;
    if ('size' in params) {
      if (vector !== undefined) throw this.unsupported(`its one vector has no name, ${vector} neither`);
      return ['', params];
    }
    const names = Object.keys(params);
    const chosen = vector ?? (names.length === 1 ? names[0] : undefined);
    if (chosen !== undefined && names.includes(chosen)) return [chosen, params[chosen] as Record<string, unknown>];
    const advice = names.length === 0 ? 'it has none' : `name one with ${vectorOption}: ${names.join(', ')}`;
    throw new VamanaError('INVALID_ARGUMENT', `${this.url}: which of its vectors is meant is not clear; ${advice}`);
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
