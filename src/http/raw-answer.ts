// Answers that are no value in an envelope: text, a page, a file; a result that is JSON already; or that something goes on
// without its result. A handler returns one; request-runner.ts sends it.
import type { Readable } from 'node:stream';

export class RawAnswer {
  constructor(
    readonly body: string | Uint8Array | Readable,
    readonly headers: Readonly<Record<string, string | number>>,
  ) {}
}

/** 202: begun, and not waited for. */
export class Accepted {}

/** The result, which goes into the envelope as it is. */
export class JsonText {
  constructor(readonly text: string) {}
}
