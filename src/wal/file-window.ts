// Small reads of a file at rising offsets, served from large ones. What it returns are views that stay as they
// are: a buffer is never filled twice. Called by segment-reader.ts.
import type { StorageFile } from '../disk/storage.js';

const WINDOW_BYTES = 1024 * 1024;

export class FileWindow {
  private buffer: Buffer = Buffer.alloc(0);
  private start = 0;

  constructor(
    private readonly file: StorageFile,
    readonly fileBytes: number,
  ) {}

  /** The bytes from `offset` on, `length` of them or as many as the file has. */
  async bytes(offset: number, length: number): Promise<Buffer> {
    const end = Math.min(offset + length, this.fileBytes);
    if (end <= offset) return this.buffer.subarray(0, 0);
    if (offset < this.start || end > this.start + this.buffer.length) {
      this.buffer = await this.file.read(offset, Math.min(Math.max(length, WINDOW_BYTES), this.fileBytes - offset));
      this.start = offset;
    }
    return this.buffer.subarray(offset - this.start, end - this.start);
  }

  /** Where `needle` next begins, at `from` or later; null when it does not. */
  async find(needle: Buffer, from: number): Promise<number | null> {
    for (let offset = from; offset + needle.length <= this.fileBytes; ) {
      const bytes = await this.bytes(offset, WINDOW_BYTES);
      const at = bytes.indexOf(needle);
      if (at !== -1) return offset + at;
      if (bytes.length < needle.length) return null;
      offset += bytes.length - needle.length + 1;
    }
    return null;
  }
}
