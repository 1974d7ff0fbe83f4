// A reader of the Python literals that NumPy writes into .npy headers: strings, integers, True, False, None,
// tuples, lists, dictionaries. Throws SyntaxError with the position. Called by npy-header.ts only.
// Not here: floats, arithmetic, string escapes beyond \\ and quotes, byte strings; no header has them.

export type PythonValue = string | number | boolean | null | PythonValue[] | Map<string, PythonValue>;

/** Nesting is bounded, so that a damaged header cannot exhaust the stack. */
const DEPTH_MAX = 16;

export function parsePythonLiteral(text: string): PythonValue {
  const reader = new LiteralReader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

class LiteralReader {
  private at = 0;

  constructor(private readonly text: string) {}

  value(depth: number): PythonValue {
    if (depth > DEPTH_MAX) throw this.unexpected('nesting');
    const first = this.peek();
    if (first === '{') return this.dictionary(depth);
    if (first === '(' || first === '[') return this.sequence(first === '(' ? ')' : ']', depth);
    if (first === "'" || first === '"') return this.string(first);
    const word = this.match(/[A-Za-z]+/y);
    if (word !== undefined) {
      if (word === 'None') return null;
      if (word !== 'True' && word !== 'False') throw this.unexpected(`word ${word}`);
      return word === 'True';
    }
    // Python 2 wrote long integers with an L.
    const digits = this.match(/-?\d+L?/y);
    if (digits === undefined) throw this.unexpected();
    return Number.parseInt(digits, 10);
  }

  end(): void {
    if (this.peek() !== '') throw this.unexpected();
  }

  private dictionary(depth: number): Map<string, PythonValue> {
    this.at += 1;
    const entries = new Map<string, PythonValue>();
    while (!this.skip('}')) {
      const key = this.value(depth + 1);
      if (typeof key !== 'string') throw this.unexpected('key that is no string');
      if (!this.skip(':')) throw this.unexpected();
      entries.set(key, this.value(depth + 1));
      if (!this.skip(',') && this.peek() !== '}') throw this.unexpected();
    }
    return entries;
  }

  private sequence(close: string, depth: number): PythonValue[] {
    this.at += 1;
    const items: PythonValue[] = [];
    while (!this.skip(close)) {
      items.push(this.value(depth + 1));
      if (!this.skip(',') && this.peek() !== close) throw this.unexpected();
    }
    return items;
  }

  private string(quote: string): string {
    const literal = this.match(quote === "'" ? /'(?:[^'\\\n]|\\.)*'/y : /"(?:[^"\\\n]|\\.)*"/y);
    if (literal === undefined) throw this.unexpected('unterminated string');
    return literal.slice(1, -1).replace(/\\(.)/g, '$1');
  }

  private peek(): string {
    this.match(/\s+/y);
    return this.text.charAt(this.at);
  }

  private skip(token: string): boolean {
    if (this.peek() !== token) return false;
    this.at += token.length;
    return true;
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }

  private unexpected(what?: string): SyntaxError {
    const next = this.at < this.text.length ? JSON.stringify(this.text.charAt(this.at)) : 'the end';
    return new SyntaxError(`unexpected ${what ?? next} at character ${this.at}`);
  }
}
