// Reads C++ and TypeScript just well enough for the style checks: tells code from comments and literals,
// and finds function bodies by matching braces. A heuristic, not a parser: it has to be right on this tree,
// and its tests hold the shapes that occur here. Called by tidy.ts and layers.ts.

export type Language = 'cpp' | 'ts';

export interface FunctionSpan {
  /** 1-based lines of the signature's first and the body's last line. */
  firstLine: number;
  lastLine: number;
  /** The start of the signature, for messages. */
  head: string;
}

export function languageOf(path: string): Language | undefined {
  if (/\.(cc|h)$/.test(path)) return 'cpp';
  if (/\.(ts|mts|js|mjs)$/.test(path)) return 'ts';
  return undefined;
}

/** The text with comments and the insides of literals as spaces; lines and columns stay where they were. */
export function blankNonCode(text: string, language: Language): string {
  return new Blanker(text, language).run();
}

/** Every function, method and lambda with a braced body. Takes blanked code. */
export function findFunctions(code: string, language: Language): FunctionSpan[] {
  const spans: FunctionSpan[] = [];
  const open: OpenBrace[] = [];
  let headStart = 0;
  let parens = 0;
  for (let at = 0; at < code.length; at += 1) {
    const char = code[at];
    if (char === '(' || char === '[') parens += 1;
    else if (char === ')' || char === ']') parens -= 1;
    else if (char === ';' && parens === 0) headStart = at + 1;
    else if (char === ':' && ACCESS_LABEL.test(code.slice(headStart, at))) headStart = at + 1;
    else if (char === '{') {
      const head = code.slice(headStart, at);
      open.push({ headStart, parens, head, inExpression: isExpressionBrace(head, language) });
      headStart = at + 1;
      parens = 0;
    } else if (char === '}') {
      const brace = open.pop();
      if (brace === undefined) continue;
      parens = brace.parens;
      headStart = brace.inExpression ? brace.headStart : at + 1;
      if (isFunctionHead(brace.head, language)) spans.push(spanOf(code, brace, at));
    }
  }
  return spans;
}

const ACCESS_LABEL = /^\s*(public|protected|private)\s*$/;

interface OpenBrace {
  headStart: number;
  parens: number;
  head: string;
  inExpression: boolean;
}

function spanOf(code: string, brace: OpenBrace, end: number): FunctionSpan {
  const start = brace.headStart + (brace.head.length - brace.head.trimStart().length);
  return {
    firstLine: lineAt(code, start),
    lastLine: lineAt(code, end),
    head: brace.head.trim().replace(/\s+/g, ' ').slice(0, 60),
  };
}

function lineAt(code: string, offset: number): number {
  let line = 1;
  for (let at = code.indexOf('\n'); at !== -1 && at < offset; at = code.indexOf('\n', at + 1)) line += 1;
  return line;
}

// A brace inside an expression or a type does not end the statement around it.
function isExpressionBrace(head: string, language: Language): boolean {
  const before = head.trimEnd();
  if (language === 'cpp' && isBraceInitialiser(head)) return true;
  if (/\b(return|typeof|in|of|extends)$/.test(before)) return true;
  if (/=>$/.test(before)) return true;
  if (/^\s*(case\b.*|default\s*):$/s.test(before)) return false;
  return language === 'ts' ? /[<:=(,|&?[+]$/.test(before) : /[=(,?]$/.test(before) || endsInLambda(before);
}

// `Point{1, 2}`: no space before the brace, which clang-format puts before every body.
function isBraceInitialiser(head: string): boolean {
  return /[\w>\]]$/.test(head);
}

function endsInLambda(before: string): boolean {
  return withoutLastParens(stripQualifiers(before))?.trimEnd().endsWith(']') ?? false;
}

const NOT_FUNCTIONS = /\b(if|for|while|switch|catch|constexpr|return|alignas|with|await)\s*$/;

const CONSTRUCTOR_INITIALISERS = /\)\s*(noexcept\s*)?:\s*\w+\s*[({][\s\S]*$/;

function isFunctionHead(head: string, language: Language): boolean {
  let before = head.trimEnd();
  if (language === 'ts') {
    if (before.endsWith('=>')) return true;
    // A type or an object, not a body.
    if (/[<:=(,|&?]$/.test(before)) return false;
    if (/^\s*(export\s+)?(abstract\s+)?(class|interface|type|enum)\b/.test(before)) return false;
    before = stripReturnType(before);
  } else {
    if (isBraceInitialiser(head)) return false;
    before = stripQualifiers(before.replace(CONSTRUCTOR_INITIALISERS, ')'));
  }
  const rest = withoutLastParens(before);
  if (rest === undefined || NOT_FUNCTIONS.test(rest)) return false;
  // `[capture] {` and `name<T>(...) {` as well as `name(...) {`.
  return /[\w\]>)"'=*!+<-]\s*$/.test(rest);
}

// "f(a) const noexcept -> Result<T>" -> "f(a)".
function stripQualifiers(text: string): string {
  let before = text.trimEnd();
  for (;;) {
    const next = before
      .replace(/\b(const|noexcept|override|final|mutable|try)$/, '')
      .replace(/->\s*[\w:<>*&,\s]+$/, '')
      .trimEnd();
    if (next === before) return before;
    before = next;
  }
}

// "f(a): Promise<{ x: number }>" -> "f(a)": cut at the last ')' followed by ':' outside all brackets.
function stripReturnType(text: string): string {
  let depth = 0;
  for (let at = text.length - 1; at > 0; at -= 1) {
    const char = text[at] ?? '';
    if (char === '>' && text[at - 1] === '=') continue;
    if (')]}>'.includes(char)) depth += 1;
    else if ('([{<'.includes(char)) depth -= 1;
    else if (char === ':' && depth === 0 && text.slice(0, at).trimEnd().endsWith(')')) {
      return text.slice(0, at).trimEnd();
    }
  }
  return text;
}

// What stands before the balanced parentheses at the end of the text; undefined when it ends otherwise.
function withoutLastParens(text: string): string | undefined {
  if (!text.endsWith(')')) return undefined;
  let depth = 0;
  for (let at = text.length - 1; at >= 0; at -= 1) {
    if (text[at] === ')') depth += 1;
    if (text[at] === '(') depth -= 1;
    if (depth === 0) return text.slice(0, at);
  }
  return undefined;
}

// One pass over the text; `out` grows by one character (or newline) for each one read.
class Blanker {
  private at = 0;
  private out = '';

  constructor(
    private readonly text: string,
    private readonly language: Language,
  ) {}

  run(): string {
    while (this.at < this.text.length) this.step();
    return this.out;
  }

  private step(): void {
    const char = this.text[this.at] ?? '';
    const next = this.text[this.at + 1] ?? '';
    if (char === '/' && next === '/') this.blankTo(this.endOfLine(this.at));
    else if (char === '/' && next === '*') this.blankTo(this.endAfter('*/', this.at + 2));
    else if (char === '#' && this.language === 'cpp' && this.atLineStart()) this.blankTo(this.endOfDirective());
    else if (char === '#' && next === '!' && this.at === 0) this.blankTo(this.endOfLine(0));
    else if (char === '"' && this.language === 'cpp' && this.out.endsWith('R')) this.rawString();
    else if (char === '"' || (char === "'" && !this.isDigitSeparator())) this.quoted(char);
    else if (char === '`' && this.language === 'ts') this.template();
    else if (char === '/' && this.language === 'ts' && this.regexMayStart()) this.regex();
    else this.keep(1);
  }

  private keep(count: number): void {
    this.out += this.text.slice(this.at, this.at + count);
    this.at += count;
  }

  private blankTo(end: number): void {
    this.out += this.text.slice(this.at, end).replace(/[^\n]/g, ' ');
    this.at = end;
  }

  private quoted(quote: string): void {
    let end = this.at + 1;
    while (end < this.text.length && this.text[end] !== quote && this.text[end] !== '\n') {
      end += this.text[end] === '\\' ? 2 : 1;
    }
    this.keep(1);
    this.blankTo(Math.min(end, this.text.length));
    if (this.text[this.at] === quote) this.keep(1);
  }

  private template(): void {
    this.keep(1);
    while (this.at < this.text.length && this.text[this.at] !== '`') {
      if (this.text.startsWith('${', this.at)) this.interpolation();
      else this.blankTo(this.at + (this.text[this.at] === '\\' ? 2 : 1));
    }
    this.keep(1);
  }

  // The code in `${...}`; its outer braces are blanked, so that they open no block.
  private interpolation(): void {
    this.blankTo(this.at + 2);
    let depth = 0;
    while (this.at < this.text.length && (this.text[this.at] !== '}' || depth > 0)) {
      if (this.text[this.at] === '{') depth += 1;
      if (this.text[this.at] === '}') depth -= 1;
      this.step();
    }
    this.blankTo(Math.min(this.at + 1, this.text.length));
  }

  private regex(): void {
    let end = this.at + 1;
    let inClass = false;
    while (end < this.text.length && (this.text[end] !== '/' || inClass) && this.text[end] !== '\n') {
      if (this.text[end] === '[') inClass = true;
      if (this.text[end] === ']') inClass = false;
      end += this.text[end] === '\\' ? 2 : 1;
    }
    this.keep(1);
    this.blankTo(end);
    this.keep(1);
  }

  private rawString(): void {
    const open = this.text.indexOf('(', this.at);
    const end = this.endAfter(`)${this.text.slice(this.at + 1, open)}"`, open);
    this.keep(1);
    this.blankTo(end - 1);
    this.keep(1);
  }

  private regexMayStart(): boolean {
    const before = this.out.trimEnd();
    return before === '' || /[=(,:[!&|?{};>+~-]$/.test(before) || /\b(return|typeof|case|in|of)$/.test(before);
  }

  // 1'000'000 in C++.
  private isDigitSeparator(): boolean {
    return this.language === 'cpp' && /[0-9a-fA-F]$/.test(this.out) && /[0-9a-fA-F]/.test(this.text[this.at + 1] ?? '');
  }

  private atLineStart(): boolean {
    return this.out.slice(this.out.lastIndexOf('\n') + 1).trim() === '';
  }

  private endOfLine(from: number): number {
    const end = this.text.indexOf('\n', from);
    return end === -1 ? this.text.length : end;
  }

  // A preprocessor directive goes on over lines that end in a backslash.
  private endOfDirective(): number {
    let end = this.endOfLine(this.at);
    while (this.text[end - 1] === '\\' && end < this.text.length) end = this.endOfLine(end + 1);
    return end;
  }

  private endAfter(mark: string, from: number): number {
    const end = this.text.indexOf(mark, from);
    return end === -1 ? this.text.length : end + mark.length;
  }
}
