// Distributions for the loads of the benchmark, from the numbers of tools/random.ts.

/** `count` numbers below `size`, n with a probability in proportion to 1 / (n + 1). */
export function zipfPicks(count: number, size: number, random: () => number): Uint32Array {
  const sums = new Float64Array(size);
  let total = 0;
  for (let at = 0; at < size; at += 1) {
    total += 1 / (at + 1);
    sums[at] = total;
  }
  return Uint32Array.from({ length: count }, () => firstAbove(sums, random() * total));
}

function firstAbove(sums: Float64Array, value: number): number {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sums[middle] ?? 0) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Milliseconds from one arrival to the next of a Poisson process. */
export function poissonGap(perSecond: number, random: () => number): number {
  return (-Math.log(1 - random()) / perSecond) * 1000;
}
