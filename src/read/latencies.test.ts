import { expect, it } from 'vitest';
import { Latencies } from './latencies.js';

it('tells the p99 of the last seconds, once there are enough searches', () => {
  let nowMs = 0;
  const latencies = new Latencies(() => nowMs);
  for (let at = 0; at < 19; at += 1) latencies.add(5);
  expect(latencies.p99Ms()).toBe(0);
  latencies.add(50);
  expect(latencies.p99Ms()).toBe(50);
  nowMs = 2000;
  for (let at = 1; at <= 3000; at += 1) latencies.add(at % 128);
  expect(latencies.p99Ms()).toBe(126);
  nowMs = 5001;
  expect(latencies.p99Ms()).toBe(0);
});
