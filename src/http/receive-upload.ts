// A file that comes as multipart/form-data, straight to the disk: what is in memory is what the sockets hold. The one
// file of the form is taken, whatever its field is called. Called by snapshot-routes.ts.
import type { Readable } from 'node:stream';
import { Busboy, type BusboyHeaders, type BusboyFileStream } from '@fastify/busboy';
import { type ArchiveSum, saveStream } from '../backup/archive.js';
import { VamanaError } from '../errors.js';
import { badRequest, WireError } from './wire-error.js';

export interface UploadLimits {
  bytes: number;
  /** Without a byte. */
  idleSeconds: number;
}

/** 400 for a form without a file, 408, 413; DISK_FULL, IO. Nothing is left at `target` when it rejects. */
export async function receiveUpload(
  stream: Readable,
  contentType: string,
  target: string,
  { bytes: bytesMax, idleSeconds }: UploadLimits,
  signal: AbortSignal,
): Promise<ArchiveSum> {
  const form = formReader(contentType);
  let saved: Promise<ArchiveSum> | undefined;
  // A file that cannot be kept ends it: the form would wait for ever for somebody to read on.
  const failed = new Promise<never>((_resolve, reject) => {
    form.on('file', (_field: string, file: BusboyFileStream) => {
      if (saved !== undefined) return file.resume();
      saved = saveStream(file, target, { signal, bytesMax });
      saved.catch(reject);
      return undefined;
    });
  });
  try {
    await Promise.race([pump(stream, form, idleSeconds), failed]);
    if (saved === undefined) throw badRequest('the form has no file; send the snapshot as one');
    return await (saved as Promise<ArchiveSum>);
  } catch (error) {
    stream.unpipe(form).resume();
    form.destroy();
    throw error instanceof VamanaError && error.code === 'INVALID_ARGUMENT'
      ? new WireError(413, `Payload error: ${error.message}; the limit is limits.upload_bytes`)
      : error;
  }
}

function formReader(contentType: string): InstanceType<typeof Busboy> {
  try {
    return new Busboy({ headers: { 'content-type': contentType } as BusboyHeaders });
  } catch {
    throw badRequest(`content-type: found ${JSON.stringify(contentType.slice(0, 100))}, expected multipart/form-data`);
  }
}

function pump(stream: Readable, form: InstanceType<typeof Busboy>, idleSeconds: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      reject(new WireError(408, `Payload error: nothing came for ${idleSeconds} seconds`));
    }, idleSeconds * 1000);
    const settle = (end: () => void): void => {
      clearTimeout(late);
      end();
    };
    late.unref();
    stream.on('data', () => late.refresh());
    stream.on('close', () => {
      if (!stream.readableEnded) settle(() => reject(badRequest('the connection ended before the form did')));
    });
    stream.on('error', (error) => settle(() => reject(error)));
    form.on('finish', () => settle(resolve));
    form.on('error', (error: unknown) => settle(() => reject(badRequest(`multipart/form-data: ${String(error)}`))));
    stream.pipe(form);
  });
}
