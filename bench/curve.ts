// Curves of recall against something: which measured points are worth having, and what lies between them at a given
// recall. Peers are compared at equal recall with these, never by single points. Pure. Called by peers/compare.ts and
// by the suites.

export interface CurvePoint {
  recall: number;
  value: number;
}

/** Whether more of the value is better (queries a second) or less (microseconds, reads). */
export type Better = 'more' | 'less';

/** Points that no other beats in both, ascending by recall: the best curve of everything that was tried. */
export function frontier(points: readonly CurvePoint[], better: Better): CurvePoint[] {
  const sorted = points
    .filter(({ recall, value }) => Number.isFinite(recall) && Number.isFinite(value) && value > 0)
    .sort((a, b) => b.recall - a.recall || compare(a.value, b.value, better));
  const kept: CurvePoint[] = [];
  for (const point of sorted) {
    const last = kept.at(-1);
    if (last === undefined || compare(point.value, last.value, better) < 0) kept.push(point);
  }
  return kept.reverse();
}

/**
 * The value at a recall, between the two points of the frontier around it: linear in recall and in the logarithm of
 * the value. Null outside of what was measured, since nothing is known there.
 */
export function atRecall(points: readonly CurvePoint[], recall: number, better: Better): number | null {
  const curve = frontier(points, better);
  const at = curve.findIndex((point) => point.recall >= recall);
  const above = curve[at];
  if (above === undefined) return null;
  if (above.recall === recall) return above.value;
  const below = curve[at - 1];
  // Everything measured below is beaten by this point, which is then the best known there too.
  if (below === undefined)
    return points.some((point) => point.recall <= recall && point.value > 0) ? above.value : null;
  const part = (recall - below.recall) / (above.recall - below.recall);
  return Math.exp(Math.log(below.value) * (1 - part) + Math.log(above.value) * part);
}

export interface Line {
  intercept: number;
  slope: number;
  /** Largest distance of a point from the line, as a share of the point's value. */
  worst: number;
}

/** The line of least squares through the points; two of them at least, of different x. */
export function fitLine(points: readonly { x: number; y: number }[]): Line {
  const count = points.length;
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / count;
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / count;
  const spread = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  const slope = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const intercept = meanY - slope * meanX;
  const worst = Math.max(...points.map(({ x, y }) => Math.abs(intercept + slope * x - y) / Math.abs(y)));
  return { intercept, slope, worst };
}

function compare(a: number, b: number, better: Better): number {
  return better === 'more' ? b - a : a - b;
}
