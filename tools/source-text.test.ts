// The shapes of code that occur in this tree, each as a string.
import { describe, expect, it } from 'vitest';
import { blankNonCode, findFunctions, type Language } from './source-text.js';

function functionLines(source: string, language: Language): [number, number][] {
  return findFunctions(blankNonCode(source, language), language)
    .map(({ firstLine, lastLine }): [number, number] => [firstLine, lastLine])
    .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}

describe('blankNonCode', () => {
  it('keeps every line and column', () => {
    const source = 'a = "x{y"; // {\n/* {\n */ b = \'}\';\n';
    const blanked = blankNonCode(source, 'cpp');
    expect(blanked.length).toBe(source.length);
    expect(blanked).toBe('a = "   ";     \n    \n    b = \' \';\n');
  });

  it('knows raw strings, digit separators and directives of C++', () => {
    expect(blankNonCode('x = 1\'000\'000; y = R"q({)")q"; z', 'cpp')).toBe('x = 1\'000\'000; y = R"       "; z');
    expect(blankNonCode('#define A { \\\n  {\nint b;', 'cpp').trim()).toBe('int b;');
  });

  it('knows templates with code inside and regular expressions of TypeScript', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a template is what is under test
    expect(blankNonCode('`a{${f(`{`, {x})}}` + y', 'ts')).toMatch(/^` {4}f\(` `, \{x\}\) {2}` \+ y$/);
    expect(blankNonCode('a / b; c(/[/{]\\/{/g); d', 'ts')).toBe('a / b; c(/       /g); d');
  });
});

describe('findFunctions in C++', () => {
  it('finds functions, methods, constructors with initialisers and lambdas', () => {
    const source = [
      'namespace a {', // 1
      'class B : public C {',
      ' public:',
      '  B(int x) : x_(x), y_{x} {',
      '    go();', // 5
      '  }',
      '  int x() const { return x_; }',
      '  auto f(std::vector<int> v = {}) const noexcept -> Result<int> {',
      '    pool.run([&](size_t i) {',
      '      use(i);', // 10
      '    });',
      '    Foo foo{1, 2};',
      '    for (int i = 0; i < 3; ++i) {',
      '    }',
      '    return 1;', // 15
      '  }',
      '};',
      'Result<std::unique_ptr<X>>',
      'X::make(',
      '    int a) {', // 20
      '}',
      '}  // namespace a',
    ].join('\n');
    expect(functionLines(source, 'cpp')).toEqual([
      [4, 6],
      [7, 7],
      [8, 16],
      [9, 11],
      [18, 21],
    ]);
  });

  it('takes no control statement, type or initialiser for a function', () => {
    const source = [
      'enum class E : uint32_t { kA, kB };',
      'struct alignas(64) S { int a = 0; };',
      'constexpr int kTable[] = {1, 2};',
      'void f() { if (a) { b(); } else { c(); } switch (x) { case 1: { d(); } } while (g()) { } }',
    ].join('\n');
    expect(functionLines(source, 'cpp')).toEqual([[4, 4]]);
  });
});

describe('findFunctions in TypeScript', () => {
  it('finds functions, methods, arrows and types with braces', () => {
    const source = [
      'export async function f<T>(a: { x: number }, b = {}): Promise<{ y: T }> {', // 1
      '  const g = (z: number): { w: number } => {',
      '    return { w: z };',
      '  };',
      '  if (a) {', // 5
      '  }',
      '  for (const [k, v] of Object.entries({ a })) {',
      '  }',
      '  return { y: call(() => {', // 9
      '    return 1;',
      '  }) };',
      '}',
      'class C extends D<{ a: 1 }> {',
      '  constructor(private readonly a: string) {',
      '    super();', // 15
      '  }',
      '  get b(): string {',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a template is what is under test
      '    return `${this.a}{`;',
      '  }',
      '  private async c(): Promise<void> {', // 20
      '  }',
      '}',
      'interface I { a(): { b: 1 } }',
    ].join('\n');
    expect(functionLines(source, 'ts')).toEqual([
      [1, 12],
      [2, 4],
      [9, 11],
      [14, 16],
      [17, 19],
      [20, 21],
    ]);
  });
});
