// How a search found its points, as `vamana query --explain` shows it.
import type { SearchExplanation } from '../src/index.js';
import { formatNumber } from './output.js';

export function explanationFacts(plan: SearchExplanation): [string, string][] {
  const share = plan.points === 0 ? 0 : (100 * plan.matches) / plan.points;
  const us = (value: number): string => `${formatNumber(Math.round(value))} us`;
  return [
    [
      'matching',
      `${formatNumber(plan.matches)} of ${formatNumber(plan.points)} points (${share.toFixed(3)}%), estimated ${formatNumber(Math.round(plan.estimate))}`,
    ],
    ['strategy', plan.strategies.join(', ') || 'none was needed'],
    ['walking', `${us(plan.walkUs)}${plan.expectedUs > 0 ? `, planned ${us(plan.expectedUs)}` : ''}`],
    ['reading', `${us(plan.readUs)}, ${formatNumber(plan.reads)} pages`],
    ['ranking', us(plan.rankUs)],
    ['scored', `${formatNumber(plan.codesScored)} codes, ${formatNumber(plan.vectorsScored)} fresh vectors`],
    ['expanded', `${formatNumber(plan.hops)} nodes`],
  ];
}
