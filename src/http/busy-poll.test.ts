import { beforeEach, expect, test } from 'vitest';
import { BusyPoll, type Turns } from './busy-poll.js';

const LIMIT_MS = 2;
const TURN_MS = 0.01;

/** A loop that sleeps until the next event unless somebody wants its next turn; and for how long it was kept awake. */
class FakeLoop implements Turns {
  private time = 1000;
  private wanted: (() => void) | null = null;

  now(): number {
    return this.time;
  }

  next(look: () => void): void {
    expect(this.wanted).toBeNull();
    this.wanted = look;
  }

  /** Milliseconds of the next `ms` in which it did not sleep. */
  pass(ms: number): number {
    const end = this.time + ms;
    let awake = 0;
    while (this.wanted !== null && this.time < end) {
      const look = this.wanted;
      this.wanted = null;
      this.time += TURN_MS;
      awake += TURN_MS;
      look();
    }
    this.time = Math.max(this.time, end);
    return awake;
  }
}

let loop: FakeLoop;
let atWork: number;
let poll: BusyPoll;

beforeEach(() => {
  loop = new FakeLoop();
  atWork = 0;
  poll = new BusyPoll(LIMIT_MS, () => atWork, loop);
});

/** A request after `gapMs` that takes `tookMs`: how long the loop stayed awake before it and during it. */
function request(gapMs: number, tookMs: number): { before: number; during: number } {
  const before = loop.pass(gapMs);
  atWork += 1;
  poll.began();
  const during = loop.pass(tookMs);
  atWork -= 1;
  poll.ended();
  return { before, during };
}

test('one search after another keeps the loop awake, from the third on throughout', () => {
  expect(request(100, 1)).toEqual({ before: 0, during: 0 });
  expect(request(0.2, 1)).toEqual({ before: 0, during: expect.closeTo(1, 1) });
  expect(request(0.2, 1)).toEqual({ before: expect.closeTo(0.2, 1), during: expect.closeTo(1, 1) });
});

test('after an answer it waits a quarter of the limit for the next request, and then no more', () => {
  request(100, 1);
  request(0.2, 1);
  expect(request(50, 1).before).toBeCloseTo(LIMIT_MS / 4, 1);
  expect(request(50, 1).before).toBeCloseTo(0, 1);
});

test('searches that come now and then keep it awake while they are at work only', () => {
  request(100, 1);
  for (let round = 0; round < 5; round += 1) {
    expect(request(10, 1)).toEqual({ before: expect.closeTo(0, 1), during: expect.closeTo(1, 1) });
  }
});

test('a search that takes long keeps it awake for the limit, and the next one not at all', () => {
  request(100, 1);
  expect(request(10, 30).during).toBeCloseTo(LIMIT_MS, 1);
  expect(request(10, 1).during).toBe(0);
  expect(request(10, 1).during).toBeCloseTo(1, 1);
});

test('with a second request at work it sleeps', () => {
  request(100, 1);
  atWork += 1;
  expect(request(10, 1).during).toBeCloseTo(TURN_MS, 3);
});

test('a limit of 0 is never', () => {
  poll = new BusyPoll(0, () => atWork, loop);
  for (let round = 0; round < 5; round += 1) expect(request(0, 0.1)).toEqual({ before: 0, during: 0 });
});
