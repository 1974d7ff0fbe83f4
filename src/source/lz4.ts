// Decompresses LZ4: blocks, as Parquet's LZ4_RAW has them, and frames of blocks, as Arrow has them (pandas and pyarrow
// write Feather so unless told otherwise). Formats: lz4_Block_format.md and lz4_Frame_format.md of the LZ4 project.
// Checksums inside frames are passed over: the lengths are checked, and Arrow itself has none. Called by codecs.ts.

/** Throws Error with the reason; the result has `outputBytes` bytes, or fewer where the input ends before. */
export function decompressLz4Block(input: Uint8Array, outputBytes: number): Uint8Array {
  const output = new Uint8Array(outputBytes);
  const end = readBlock(input, output, 0);
  return end === outputBytes ? output : output.subarray(0, end);
}

/** All frames of the input, at most `outputMax` bytes. Throws Error with the reason. */
export function decompressLz4Frame(input: Uint8Array, outputMax: number): Uint8Array {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  // Grown when needed: few writers say how long the content is.
  let output = new Uint8Array(Math.min(outputMax, Math.max(64, input.length * 4)));
  let written = 0;
  let at = 0;
  const room = (bytes: number): void => {
    if (written + bytes > outputMax) throw new Error(`it holds more than the ${outputMax} bytes expected`);
    if (written + bytes <= output.length) return;
    const grown = new Uint8Array(Math.min(outputMax, Math.max(output.length * 2, written + bytes)));
    grown.set(output.subarray(0, written));
    output = grown;
  };
  while (at < input.length) {
    const header = readFrameHeader(view, at);
    at = header.end;
    for (;;) {
      const word = view.getUint32(at, true);
      at += 4;
      if (word === 0) break;
      const bytes = word & 0x7fff_ffff;
      if (at + bytes > input.length) throw new Error('the last LZ4 block is cut off');
      const block = input.subarray(at, at + bytes);
      if (word >= 2 ** 31) {
        room(bytes);
        output.set(block, written);
        written += bytes;
      } else {
        room(Math.min(header.blockMax, outputMax - written));
        written = readBlock(block, output, written);
      }
      at += bytes + (header.blockChecksum ? 4 : 0);
    }
    at += header.contentChecksum ? 4 : 0;
  }
  return output.subarray(0, written);
}

const FRAME_MAGIC = 0x184d_2204;

function readFrameHeader(
  view: DataView,
  start: number,
): { end: number; blockMax: number; blockChecksum: boolean; contentChecksum: boolean } {
  if (view.getUint32(start, true) !== FRAME_MAGIC) throw new Error('it does not begin as an LZ4 frame');
  const flags = view.getUint8(start + 4);
  if (flags >> 6 !== 1) throw new Error(`LZ4 frames of version ${flags >> 6} are not known`);
  const size = (view.getUint8(start + 5) >> 4) & 7;
  if (size < 4) throw new Error(`LZ4 blocks of size code ${size} are not known`);
  const contentSize = (flags & 8) === 0 ? 0 : 8;
  const dictionary = (flags & 1) === 0 ? 0 : 4;
  return {
    end: start + 4 + 2 + contentSize + dictionary + 1,
    blockMax: 2 ** (8 + 2 * size),
    blockChecksum: (flags & 16) !== 0,
    contentChecksum: (flags & 4) !== 0,
  };
}

// One block into `output` from `at` on; where it ended. Matches may reach back into earlier blocks of the frame.
function readBlock(input: Uint8Array, output: Uint8Array, at: number): number {
  let from = 0;
  let to = at;
  const more = (length: number): number => {
    let sum = length;
    if (length < 15) return sum;
    for (let byte = 255; byte === 255; sum += byte) {
      if (from >= input.length) throw new Error('an LZ4 length is cut off');
      byte = input[from++] as number;
    }
    return sum;
  };
  while (from < input.length) {
    const token = input[from++] as number;
    const literals = more(token >> 4);
    if (from + literals > input.length) throw new Error('LZ4 literals are cut off');
    if (to + literals > output.length) throw new Error('an LZ4 block holds more than expected');
    output.set(input.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    if (from === input.length) return to;
    if (from + 2 > input.length) throw new Error('an LZ4 offset is cut off');
    const offset = (input[from] as number) | ((input[from + 1] as number) << 8);
    from += 2;
    const length = more(token & 15) + 4;
    if (offset === 0 || offset > to) throw new Error(`an LZ4 match begins ${offset} bytes back, before the start`);
    if (to + length > output.length) throw new Error('an LZ4 block holds more than expected');
    // Byte by byte where source and target overlap: the bytes just written are part of the match.
    if (offset >= length) output.copyWithin(to, to - offset, to - offset + length);
    else for (let i = 0; i < length; i += 1) output[to + i] = output[to + i - offset] as number;
    to += length;
  }
  return to;
}
