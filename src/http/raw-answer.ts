// An answer that is not JSON in an envelope: text, a page, a file. A handler returns one; request-runner.ts sends it.
import type { Readable } from 'node:stream';

export class RawAnswer {
  constructor(
    readonly body: string | Uint8Array | Readable,
    readonly headers: Readonly<Record<string, string | number>>,
  ) {}
}
