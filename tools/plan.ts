// `vamana plan`: what an index of so many rows takes, before there is any data: whether it fits in a memory, bytes by part,
// expected reads, disk, and how it would be built. plan-model.ts computes it; the build's own plan is the addon's.
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { loadNative, type NativeBuildPlan } from '../src/binding.js';
import type { Metric, VectorElement } from '../src/index.js';
import { elementBytes } from '../src/source/formats.js';
import { choice, count, parseSize, positiveInteger } from './options.js';
import {
  type Column,
  type Fact,
  formatBytes,
  formatNumber,
  formatSeconds,
  printFacts,
  printJson,
  printLine,
  printTable,
  rounded,
  snakeKeys,
} from './output.js';
import {
  buildSeconds,
  CONSTANTS,
  type Constant,
  checkPlanInput,
  chooseShape,
  diskBytes,
  type PlanInput,
  planShape,
  rowsThatFit,
  type Shape,
  type ShapePlan,
  shapesFor,
  spillBytes,
} from './plan-model.js';
import { action } from './run.js';

interface PlanOptions {
  rows: number;
  dim: number;
  element: VectorElement;
  metric: Metric;
  memory: number;
  buildMemory?: number;
  cache: number;
  degree?: number;
  codeBytes?: number;
  threads: number;
}

/** How the build would go; null with the reason when its memory is too small for any way. */
interface BuildOutlook {
  plan: NativeBuildPlan | null;
  problem: string | null;
  seconds: number;
  spillBytes: number;
}

interface PlanDocument {
  input: PlanInput;
  shape: ShapePlan;
  rowsThatFit: number;
  disk: Record<string, number>;
  build: BuildOutlook;
  shapes: ShapePlan[];
  constants: readonly Constant[];
}

const ELEMENTS = ['f32', 'f16', 'u8', 'i8'] as const satisfies readonly VectorElement[];
const METRICS = ['l2', 'cosine', 'dot', 'l1'] as const satisfies readonly Metric[];

export function register(program: Command): void {
  program
    .command('plan')
    .description('what an index of so many rows takes: memory by part, reads, disk, build; no data needed')
    .requiredOption('--rows <n>', 'rows, such as 1e9', count(1))
    .requiredOption('--dim <n>', 'elements a vector', positiveInteger)
    .requiredOption('--memory <size>', 'memory for searching, such as 64GB', parseSize)
    .option('--element <type>', ELEMENTS.join(', '), choice(ELEMENTS), 'f32')
    .option('--metric <name>', METRICS.join(', '), choice(METRICS), 'l2')
    .option('--build-memory <size>', 'memory for building; that for searching by default', parseSize)
    .option('--cache <size>', 'page cache while searching', parseSize, 64e6)
    .option(
      '--degree <n>',
      'most neighbours a row; with --code-bytes, instead of the best shape that fits',
      positiveInteger,
    )
    .option('--code-bytes <n>', 'bytes of the code a row', positiveInteger)
    .option('--threads <n>', 'threads of the build', positiveInteger, availableParallelism())
    .action(
      action<PlanOptions>(async (options, { json }) => {
        const document = await plan(options);
        if (json) printJson(snakeKeys(document));
        else print(document);
      }),
    );
}

async function plan(options: PlanOptions): Promise<PlanDocument> {
  const { rows, dim, element, metric, memory: memoryBytes, cache: cacheBytes, threads } = options;
  const input: PlanInput = { rows, dim, element, metric, memoryBytes, cacheBytes, threads };
  const { constants } = loadNative();
  checkPlanInput(input, constants);
  const shapes = shapesFor(input);
  const { degree, codeBytes } = constants.defaults;
  const asked = options.degree !== undefined || options.codeBytes !== undefined;
  const wanted = { degree: options.degree ?? degree, codeBytes: options.codeBytes ?? codeBytes };
  const normal = planShape(input, wanted);
  const shape = asked ? normal : chooseShape(normal, shapes);
  return {
    input,
    shape,
    rowsThatFit: rowsThatFit(input, shape, constants.maxRows - 1),
    disk: diskBytes(input, shape),
    build: await outlook(input, shape, options.buildMemory ?? memoryBytes),
    shapes,
    constants: CONSTANTS,
  };
}

async function outlook(input: PlanInput, shape: Shape, memoryLimit: number): Promise<BuildOutlook> {
  const native = loadNative();
  const { rows, dim, element, metric, threads } = input;
  const { buildList, alpha } = native.constants.defaults;
  const stride = dim * elementBytes(element);
  const nativeElement = element as (typeof ELEMENTS)[number];
  // No such file is opened: a plan takes only the shape.
  const source = {
    path: 'planned',
    rows,
    dim,
    element: nativeElement,
    float64: false,
    rowPrefix: false,
    offset: 0,
    stride,
  };
  const settings = { buildList: Math.max(buildList, shape.degree), alpha, order: 'bisection', code: 'auto' } as const;
  try {
    const planned = await native.planBuild({
      source,
      dir: 'planned',
      metric,
      ...shape,
      ...settings,
      memoryLimit,
      threads,
      seed: 1,
    });
    const { partitions } = planned;
    const spill = spillBytes(input, shape, partitions);
    return { plan: planned, problem: null, seconds: rounded(buildSeconds(input, partitions), 3), spillBytes: spill };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'MEMORY_LIMIT')) throw error;
    const seconds = rounded(buildSeconds(input, 2), 3);
    return { plan: null, problem: error.message, seconds, spillBytes: spillBytes(input, shape, 2) };
  }
}

function print(document: PlanDocument): void {
  const { input, shape, disk, build, shapes } = document;
  printFacts([...memoryFacts(document), ...diskFacts(disk), ...buildFacts(build)]);
  printLine(`\nShapes of an index, from fewest reads to least memory (${formatBytes(input.memoryBytes)} given):\n`);
  printTable(
    [...shapes].sort((a, b) => b.bytesPerRow - a.bytesPerRow),
    shapeColumns,
  );
  printLine('\nMeasured, and assumed to hold here:\n');
  printTable(document.constants, constantColumns);
  if (!shape.fits) printLine(`\ndoes not fit: fewer rows, more memory, or several machines`);
}

function memoryFacts({ input, shape, rowsThatFit: most }: PlanDocument): Fact[] {
  const { memory } = shape;
  const code =
    shape.bitsPerDimension === 0 ? 'product quantisation only' : `${shape.bitsPerDimension} bits a dimension`;
  return [
    ['rows', `${formatNumber(input.rows)} x ${input.dim} ${input.element}, ${input.metric}`],
    ['shape', `degree ${shape.degree}, code of at most ${shape.codeBytes} bytes (${code})`],
    ['fits', shape.fits ? 'yes' : 'no'],
    ['memory to search', `${formatBytes(memory.total)} of ${formatBytes(input.memoryBytes)}`],
    ['  graph', formatBytes(memory.graph)],
    ['  codes', formatBytes(memory.codes)],
    ['  page cache', formatBytes(memory.cache)],
    ['  process', formatBytes(memory.process)],
    ['  a row', `${formatNumber(rounded(shape.bytesPerRow, 4))} bytes`],
    ['rows that fit', formatNumber(most)],
    ['reads a query', `${readsText(shape.reads.at95)} for recall@10 of 0.95, ${readsText(shape.reads.at99)} for 0.99`],
  ];
}

function diskFacts(disk: Record<string, number>): Fact[] {
  const total = Object.values(disk).reduce((sum, bytes) => sum + bytes, 0);
  return [
    ['disk', formatBytes(total)],
    ...Object.entries(disk).map(([name, bytes]): Fact => [`  ${name}`, formatBytes(bytes)]),
  ];
}

function buildFacts({ plan: planned, problem, seconds, spillBytes: spill }: BuildOutlook): Fact[] {
  if (planned === null) return [['build', `not in that memory: ${problem}`]];
  const { partitions, order, peakBytes, leastBytes } = planned;
  return [
    ['build', partitions === 1 ? `in memory, order ${order}` : `${partitions} overlapping partitions, order ${order}`],
    ['  memory', formatBytes(peakBytes)],
    ['  least possible', formatBytes(leastBytes)],
    ['  time', `about ${formatSeconds(seconds)}, within a factor of two`],
    ['  files meanwhile', formatBytes(spill)],
  ];
}

const readsText = (reads: number | null): string =>
  reads === null ? 'not measured' : `about ${formatNumber(rounded(reads, 2))}`;

const shapeColumns: readonly Column<ShapePlan>[] = [
  { title: 'degree', cell: ({ degree }) => degree },
  { title: 'code bytes', cell: ({ codeBytes }) => codeBytes },
  { title: 'bits/dim', cell: ({ bitsPerDimension }) => bitsPerDimension },
  { title: 'bytes/row', cell: ({ bytesPerRow }) => rounded(bytesPerRow, 4) },
  { title: 'memory', cell: ({ memory }) => formatBytes(memory.total), align: 'right' },
  { title: 'fits', cell: ({ fits }) => fits },
  { title: 'reads 0.95', cell: ({ reads }) => readsText(reads.at95), align: 'right' },
  { title: 'reads 0.99', cell: ({ reads }) => readsText(reads.at99), align: 'right' },
];

const constantColumns: readonly Column<Constant>[] = [
  { title: 'what', cell: ({ what }) => what },
  { title: 'value', cell: ({ value }) => value },
  { title: 'from', cell: ({ from }) => from },
  { title: 'how far off', cell: ({ error }) => error },
];
