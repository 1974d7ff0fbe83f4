import { expect, it } from 'vitest';
import { rateStages } from './stage-rate.js';

it('rates each stage by itself, from where it was first heard of', () => {
  let now = 5000;
  const rate = rateStages(() => now);
  expect(rate({ stage: 'read', done: 100, total: 1100 })).toEqual({
    stage: 'read',
    done: 100,
    total: 1100,
    perSecond: 0,
    secondsLeft: null,
  });
  now += 2000;
  expect(rate({ stage: 'read', done: 600, total: 1100 })).toMatchObject({ perSecond: 250, secondsLeft: 2 });
  now += 1000;
  expect(rate({ stage: 'graph', done: 0, total: 10 })).toMatchObject({ perSecond: 0, secondsLeft: null });
  now += 500;
  expect(rate({ stage: 'graph', done: 10, total: 10 })).toMatchObject({ perSecond: 20, secondsLeft: 0 });
});
