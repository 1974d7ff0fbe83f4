// What bench/filters.ts measured, as the tables of docs/filters.md.
import { type FilterCell, STRATEGIES } from '../tools/filter-analysis.js';
import type { CellFilter } from './filter-cells.js';

export type FilterLine = CellFilter &
  FilterCell & {
    set: string;
    /** The first queries of the set, or those whose neighbours match least. */
    asked: 'any' | 'against';
    /** Time over that of a search without a filter that finds as much. */
    plainRatio: number;
  };

export interface Evaluation {
  what: string;
  ms: number;
}

export const RECALL_MIN = 0.97;
const PLAIN_MAX = 3;
const BEST_MAX = 1.3;

const HEAD = [
  '| filter | of all | asked | recall | planner | us | x plain | x best | codes | walk | post |',
  '|---|--:|---|--:|---|--:|--:|--:|--:|--:|--:|',
];

/** Of the cells of one set. */
export function filterTable(lines: readonly FilterLine[]): string {
  return [...HEAD, ...lines.map(row), ''].join('\n');
}

export function filterSummary(lines: readonly FilterLine[]): string {
  const finds = ({ ways }: FilterLine): boolean => ways.auto.recall >= RECALL_MIN;
  const isQuick = ({ plainRatio }: FilterLine): boolean => plainRatio <= PLAIN_MAX;
  const share = (holds: (line: FilterLine) => boolean): string => `${lines.filter(holds).length} of ${lines.length}`;
  const missed = lines.filter((line) => !finds(line) || !isQuick(line));
  const told = missed.map(
    ({ set, label, asked, ways, plainRatio }) =>
      `- ${set}, ${label}, ${asked}: recall ${ways.auto.recall.toFixed(4)}, ${plainRatio.toFixed(2)} times plain`,
  );
  const lowest = Math.min(...lines.map(({ ways }) => ways.auto.recall));
  const slowest = Math.max(...lines.map(({ plainRatio }) => plainRatio));
  return [
    '| | met | target |',
    '|---|--:|---|',
    `| recall@10 of ${RECALL_MIN} or more | ${share(finds)} cells | all |`,
    `| min(k, matches) results, every query | ${share(({ ways }) => ways.auto.isComplete)} | all |`,
    `| ${PLAIN_MAX} times plain search at most | ${share(isQuick)} | all |`,
    `| ${BEST_MAX} times the best strategy at most | ${share(({ ratio }) => ratio <= BEST_MAX)} | 90% |`,
    '',
    `The lowest recall is ${lowest.toFixed(4)}, the highest ratio to plain search ${slowest.toFixed(2)}. ` +
      (missed.length === 0 ? 'No cell missed.' : 'Cells that missed:'),
    '',
    ...(told.length === 0 ? [] : [...told, '']),
  ].join('\n');
}

export function evaluationTable(evaluations: readonly Evaluation[]): string {
  return [
    '| evaluation | ms |',
    '|---|--:|',
    ...evaluations.map(({ what, ms }) => `| ${what} | ${ms.toFixed(3)} |`),
    '',
  ].join('\n');
}

function row({ label, selectivity, asked, ways, picks, plainRatio, ratio }: FilterLine): string {
  const { auto } = ways;
  const planner = Object.entries(picks)
    .sort(([, a], [, b]) => b - a)
    .map(([strategy]) => strategy)
    .join(', ');
  const others = STRATEGIES.map((way) => `${Math.round(ways[way].us)} (${ways[way].recall.toFixed(3)})`);
  const cells = [
    label,
    `${(100 * selectivity).toFixed(3)}%`,
    asked,
    `${auto.recall.toFixed(4)}${auto.isComplete ? '' : ' short'}`,
    planner,
    Math.round(auto.us),
    plainRatio.toFixed(2),
    ratio.toFixed(2),
    ...others,
  ];
  return `| ${cells.join(' | ')} |`;
}
