// Ids and payloads in a file of their own, `{"id":…,"payload":…}` a line, for vectors in a format that has no room for
// them. Like a vector file it appears whole or not at all. Called by `vamana export`; `import --points` reads it.
import { writeExactJson } from '../payload/exact-json.js';
import type { Payload, PointIdInput } from '../payload/point.js';
import { AtomicFile } from './atomic-file.js';
import { ID_COLUMN, PAYLOAD_COLUMN } from './column-choice.js';

/** One call at a time. */
export interface PointWriter {
  write(ids: readonly PointIdInput[], payloads: readonly (Payload | null)[]): Promise<void>;
  finish(): Promise<void>;
  /** Idempotent; harmless after finish(). */
  abort(): Promise<void>;
}

/** ALREADY_EXISTS unless forced. */
export async function createPointWriter(path: string, { force }: { force: boolean }): Promise<PointWriter> {
  const file = await AtomicFile.create(path, force);
  let end = 0;
  return {
    async write(ids, payloads) {
      const lines = ids.map(
        (id, at) => `${writeExactJson({ [ID_COLUMN]: id, [PAYLOAD_COLUMN]: payloads[at] ?? null })}\n`,
      );
      const bytes = Buffer.from(lines.join(''));
      await file.write(bytes, end);
      end += bytes.length;
    },
    finish: () => file.commit(),
    abort: () => file.discard(),
  };
}
