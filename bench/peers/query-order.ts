// The order in which peers are asked the queries: spread over the whole file, since neighbours in it may come from one
// picture or text, and a slow peer gets through a part of them only. The same for all. Pure; used on both sides.

/** The query that is asked at a position: every query of `count` once. */
export function queryAtPosition(position: number, count: number): number {
  return (position * stepFor(count)) % count;
}

// Near the golden section of the count, where the first n positions are spread evenly for any n, and coprime to it.
function stepFor(count: number): number {
  let step = Math.max(1, Math.round(count * 0.618034));
  while (commonDivisor(step, count) !== 1) step += 1;
  return step;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
