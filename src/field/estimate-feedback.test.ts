import { expect, it } from 'vitest';
import { EstimateFeedback } from './estimate-feedback.js';

it('moves estimates to what was found, by kind and within limits', () => {
  const feedback = new EstimateFeedback();
  expect(feedback.correct('text', 100)).toBe(100);
  for (let time = 0; time < 50; time += 1) feedback.learn('text', 100, 50);
  expect(feedback.correct('text', 100)).toBeCloseTo(50, 0);
  expect(feedback.correct('range', 100)).toBe(100);
  for (let time = 0; time < 50; time += 1) feedback.learn('range', 1, 1_000_000);
  expect(feedback.correct('range', 1)).toBeCloseTo(16, 1);
  for (let time = 0; time < 50; time += 1) feedback.learn('range', 10, 0);
  expect(feedback.correct('range', 160)).toBeLessThan(20);
});
