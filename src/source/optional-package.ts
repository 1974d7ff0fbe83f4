// Packages that only some formats need: loaded on first use, so that the others work without them, and a missing one is
// told by its name. Called by the readers and writers of column formats.
import { VamanaError } from '../errors.js';

/** `load` imports; UNSUPPORTED, naming the package, when it is not installed. */
export async function loadOptional<T>(name: string, purpose: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : '';
    const missing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
    const reason = missing ? 'which is not installed' : `which does not load (${String(cause)})`;
    throw new VamanaError(
      'UNSUPPORTED',
      `${purpose} needs the package ${name}, ${reason}; run \`npm install ${name}\`, or convert the file elsewhere`,
      { cause },
    );
  }
}
