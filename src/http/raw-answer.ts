// Answers that are not a result in an envelope: text, a page, a file; or that something goes on without its result. A
// handler returns one; request-runner.ts sends it.
import type { Readable } from 'node:stream';

export class RawAnswer {
  constructor(
    readonly body: string | Uint8Array | Readable,
    readonly headers: Readonly<Record<string, string | number>>,
  ) {}
}

/** 202: begun, and not waited for. */
export class Accepted {}
