// Long lists of numbers in the bytes of a JSON body, found and read in one pass without making a string of them: a body
// of vectors is little else, and to decode and parse it as text takes several times as long. Floats of 32 bits, exactly
// those that the text's doubles round to. A list that holds anything but numbers that these can hold is not taken, so
// that whoever parses the text says what is wrong with it. Called by vector-json.ts.

export interface NumberList {
  /** From its bracket to past the other. */
  start: number;
  end: number;
  /** Of its numbers, among all. */
  first: number;
  length: number;
}

export interface NumberLists {
  lists: readonly NumberList[];
  numbers: Float32Array;
}

/** A shorter list costs less as it is. */
const LEAST = 16;
/** Decimal digits that a double always holds. */
const DIGITS = 15;
const POWERS = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
const [QUOTE, BACKSLASH, OPEN, CLOSE, COMMA, MINUS, PLUS, POINT, ZERO, NINE] = [34, 92, 91, 93, 44, 45, 43, 46, 48, 57];

export function findNumberLists(bytes: Buffer): NumberLists {
  return new Finder(bytes).find();
}

class Finder {
  private at = 0;
  private count = 0;
  private numbers: Float32Array;

  constructor(private readonly bytes: Buffer) {
    // Numbers of eight bytes, comma included; grown where they are shorter.
    this.numbers = new Float32Array(Math.max(LEAST, bytes.length >> 3));
  }

  find(): NumberLists {
    const { bytes } = this;
    const lists: NumberList[] = [];
    while (this.at < bytes.length) {
      const byte = bytes[this.at];
      if (byte === QUOTE) {
        this.skipString();
        continue;
      }
      const start = this.at;
      this.at += 1;
      if (byte !== OPEN) continue;
      const first = this.count;
      if (this.readList()) {
        lists.push({ start, end: this.at, first, length: this.count - first });
      } else {
        this.count = first;
        this.at = start + 1;
      }
    }
    return { lists, numbers: this.numbers.subarray(0, this.count) };
  }

  private skipString(): void {
    const { bytes } = this;
    let at = this.at + 1;
    while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
    this.at = at + 1;
  }

  /** Past its bracket; false for what is no long list of numbers. */
  private readList(): boolean {
    const first = this.count;
    for (;;) {
      this.skipSpace();
      if (!this.readNumber()) return false;
      this.skipSpace();
      const byte = this.bytes[this.at];
      this.at += 1;
      if (byte === COMMA) continue;
      return byte === CLOSE && this.count - first >= LEAST;
    }
  }

  private skipSpace(): void {
    const { bytes } = this;
    let byte = bytes[this.at];
    while (byte === 32 || byte === 10 || byte === 13 || byte === 9) {
      this.at += 1;
      byte = bytes[this.at];
    }
  }

  // As JSON spells numbers, and no other way. Digits past the fifteenth are known by their count alone at first.
  private readNumber(): boolean {
    const { bytes } = this;
    const start = this.at;
    let at = start;
    let byte = bytes[at] as number;
    const isNegative = byte === MINUS;
    if (isNegative) byte = bytes[++at] as number;
    let mantissa = 0;
    let digits = 0;
    let scale = 0;
    let isCut = false;
    if (byte === ZERO) {
      byte = bytes[++at] as number;
    } else {
      if (!isDigit(byte)) return false;
      for (; isDigit(byte); byte = bytes[++at] as number) {
        if (digits < DIGITS) {
          mantissa = mantissa * 10 + (byte - ZERO);
          digits += 1;
        } else {
          scale += 1;
          isCut ||= byte !== ZERO;
        }
      }
    }
    if (byte === POINT) {
      byte = bytes[++at] as number;
      if (!isDigit(byte)) return false;
      for (; isDigit(byte); byte = bytes[++at] as number) {
        if (digits < DIGITS) {
          mantissa = mantissa * 10 + (byte - ZERO);
          if (mantissa > 0) digits += 1;
          scale -= 1;
        } else {
          isCut ||= byte !== ZERO;
        }
      }
    }
    if (byte === 101 || byte === 69) {
      byte = bytes[++at] as number;
      const isBelow = byte === MINUS;
      if (isBelow || byte === PLUS) byte = bytes[++at] as number;
      if (!isDigit(byte)) return false;
      let exponent = 0;
      for (; isDigit(byte); byte = bytes[++at] as number) exponent = Math.min(10_000, exponent * 10 + (byte - ZERO));
      scale += isBelow ? -exponent : exponent;
    }
    this.at = at;
    const single =
      singleOf(mantissa, scale, isCut) ?? Math.fround(Math.abs(Number(bytes.toString('latin1', start, at))));
    if (single === Number.POSITIVE_INFINITY) return false;
    this.put(isNegative ? -single : single);
    return true;
  }

  private put(single: number): void {
    if (this.count === this.numbers.length) {
      const grown = new Float32Array(2 * this.count);
      grown.set(this.numbers);
      this.numbers = grown;
    }
    this.numbers[this.count] = single;
    this.count += 1;
  }
}

// A double of up to 15 digits by an exact power of ten is rounded once, as the text's double is (Clinger 1990). Where
// digits were cut off, the number lies between two such doubles: mostly both are the same float. Undefined where that
// does not say which float it is.
function singleOf(mantissa: number, scale: number, isCut: boolean): number | undefined {
  if (mantissa === 0 && !isCut) return 0;
  if (scale < -22 || scale > 22) return undefined;
  const power = POWERS[Math.abs(scale)] as number;
  const single = Math.fround(scale < 0 ? mantissa / power : mantissa * power);
  if (!isCut) return single;
  const above = Math.fround(scale < 0 ? (mantissa + 1) / power : (mantissa + 1) * power);
  return single === above ? single : undefined;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}
