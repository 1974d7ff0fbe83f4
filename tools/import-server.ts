// `vamana import http://HOST:PORT/collections/NAME`: the points of a collection of another server, scrolled in the order
// of their ids. What the server writes meanwhile is seen if its id is still to come. Going on after an interruption
// begins at the last point that was acknowledged.
import { VamanaError } from '../src/errors.js';
import type { PointInput } from '../src/index.js';
import type { ImportInput } from './import-input.js';
import type { ImportMark } from './import-record.js';
import { RemoteCollection, type RemoteInfo, type RemoteOptions, type RemotePage } from './remote-collection.js';

const PAGE_BYTES = 4 * 1024 * 1024;
/** Of a number in JSON. */
const NUMBER_BYTES = 12;
const PAGE_POINTS_MAX = 1000;

/** NOT_FOUND, INVALID_ARGUMENT (more than one vector), UNSUPPORTED, IO. */
export async function openServerInput(url: string, options: RemoteOptions): Promise<ImportInput> {
  const remote = new RemoteCollection(url, options);
  const info = await remote.info();
  if (info === undefined) throw new VamanaError('NOT_FOUND', `${url}: there is no such collection`);
  return new ServerInput(remote, info);
}

class ServerInput implements ImportInput {
  readonly name: string;
  readonly rows: number;
  readonly defaults: ImportInput['defaults'];
  readonly inputs: ImportInput['inputs'];
  private from: ImportMark = { rows: 0 };
  /** Ids of points that were given and are not acknowledged; the first is that of point `acknowledged`. */
  private ids: PointInput['id'][] = [];
  private acknowledged = 0;

  constructor(
    private readonly remote: RemoteCollection,
    private readonly info: RemoteInfo,
  ) {
    this.name = remote.url;
    this.rows = info.points;
    this.defaults = info.config;
    this.inputs = [{ url: remote.url, vector: info.vectorName }];
  }

  async *points(from: ImportMark): AsyncGenerator<PointInput, void> {
    this.from = from;
    const limit = Math.max(
      1,
      Math.min(PAGE_POINTS_MAX, Math.floor(PAGE_BYTES / (this.info.config.dim * NUMBER_BYTES))),
    );
    let offset = offsetOf(from);
    do {
      const page = await this.remote.page(offset, limit, this.info);
      for (const point of page.points) {
        this.ids.push(point.id);
        yield point;
      }
      offset = page.next;
    } while (offset !== undefined);
  }

  markAfter(points: number): ImportMark {
    const last = this.ids[points - this.acknowledged - 1];
    this.ids = this.ids.slice(points - this.acknowledged);
    this.acknowledged = points;
    const rows = this.from.rows + points;
    if (last === undefined) return { ...this.from, rows };
    return { rows, next: typeof last === 'string' ? last : { number: String(last) } };
  }

  close(): void {
    // Nothing is held open between two pages.
  }
}

function offsetOf({ next }: ImportMark): RemotePage['next'] {
  return typeof next === 'object' ? BigInt(next.number) : next;
}
