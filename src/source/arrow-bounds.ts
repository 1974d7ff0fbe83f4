// Checks the metadata of Arrow files before the package apache-arrow decodes it: FlatBuffers are offsets and lengths, and
// its decoder trusts them, so that one wrong byte could make it count to 2^32. Here every table, vector and string that
// the decoder will follow is shown to lie inside its message. Layouts: Message.fbs, Schema.fbs and File.fbs of Apache
// Arrow; slots are counted from 0 in the order of their fields. Called by arrow-messages.ts.

type Shape =
  | { kind: 'table'; slots: Readonly<Record<number, Shape>> }
  | { kind: 'tables'; of: () => Shape }
  | { kind: 'bytes'; each: number };

const bytes = (each: number): Shape => ({ kind: 'bytes', each });
const table = (slots: Readonly<Record<number, Shape>>): Shape => ({ kind: 'table', slots });
const tables = (of: () => Shape): Shape => ({ kind: 'tables', of });

const KEY_VALUE = table({ 0: bytes(1), 1: bytes(1) });
const METADATA = tables(() => KEY_VALUE);
/** Scalars, and texts that the decoder cuts at the end of the message by itself. */
const TYPE = table({});
const FIELD: Shape = table({
  0: bytes(1),
  3: TYPE,
  4: table({ 1: table({}) }),
  5: tables(() => FIELD),
  6: METADATA,
});
const SCHEMA = table({ 1: tables(() => FIELD), 2: METADATA, 3: bytes(8) });
const RECORD_BATCH = table({ 1: bytes(16), 2: bytes(16), 3: table({}), 4: bytes(8) });
const DICTIONARY_BATCH = table({ 1: RECORD_BATCH });
const FOOTER = table({ 1: SCHEMA, 2: bytes(24), 3: bytes(24), 4: METADATA });
/** By the number of the header's type. */
const HEADERS: Readonly<Record<number, Shape>> = { 1: SCHEMA, 2: DICTIONARY_BATCH, 3: RECORD_BATCH };

const DEPTH_MAX = 64;

/** Throws Error with the reason. */
export function checkMessage(metadata: Uint8Array): void {
  const walk = new Walk(metadata);
  const root = walk.root();
  const header = HEADERS[walk.byte(root, 1)] ?? table({});
  walk.table(root, table({ 2: header, 4: METADATA }), 0);
}

export function checkFooter(footer: Uint8Array): void {
  const walk = new Walk(footer);
  walk.table(walk.root(), FOOTER, 0);
}

class Walk {
  private readonly view: DataView;
  /** Tables may share parts; that a few bytes are gone over again and again is no honest file. */
  private left: number;

  constructor(metadata: Uint8Array) {
    this.view = new DataView(metadata.buffer, metadata.byteOffset, metadata.byteLength);
    this.left = 1000 + metadata.length;
  }

  root(): number {
    return this.require(this.view.getUint32(0, true), 4);
  }

  /** A byte in a slot of a table, 0 where there is none. */
  byte(at: number, slot: number): number {
    const place = this.slot(at, slot);
    return place === 0 ? 0 : this.view.getUint8(this.require(place, 1));
  }

  table(at: number, shape: Shape, depth: number): void {
    this.left -= 1;
    if (depth > DEPTH_MAX || this.left < 0) throw new Error('its metadata is nested without end');
    if (shape.kind !== 'table') return;
    this.slot(at, 0);
    for (const [slot, inner] of Object.entries(shape.slots)) {
      const place = this.slot(at, Number(slot));
      if (place === 0) continue;
      this.require(place, 1);
      this.follow(this.target(place), inner, depth + 1);
    }
  }

  private follow(at: number, shape: Shape, depth: number): void {
    if (shape.kind === 'table') {
      this.table(at, shape, depth);
      return;
    }
    const count = this.view.getUint32(at, true);
    const each = shape.kind === 'tables' ? 4 : shape.each;
    this.require(at + 4, count * each);
    if (shape.kind !== 'tables') return;
    for (let i = 0; i < count; i += 1) this.follow(this.target(at + 4 + 4 * i), shape.of(), depth);
  }

  /** Where the value of a slot lies; 0 where the table has none. */
  private slot(at: number, slot: number): number {
    this.require(at, 4);
    const vtable = this.require(at - this.view.getInt32(at, true), 4);
    const size = this.view.getUint16(vtable, true);
    this.require(vtable, size);
    const entry = 4 + 2 * slot;
    if (entry + 2 > size) return 0;
    const offset = this.view.getUint16(vtable + entry, true);
    return offset === 0 ? 0 : at + offset;
  }

  private target(place: number): number {
    this.require(place, 4);
    return this.require(place + this.view.getUint32(place, true), 4);
  }

  private require(at: number, length: number): number {
    if (at >= 0 && at + length <= this.view.byteLength) return at;
    throw new Error(`its metadata points to byte ${at}, outside its ${this.view.byteLength}`);
  }
}
