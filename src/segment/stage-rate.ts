// How fast a job is and how long its stage will take, from what the addon tells of it: for those who watch a job from
// afar, and not on a terminal (tools/progress.ts).
import type { NativeProgress } from '../binding.js';

export interface RatedProgress extends NativeProgress {
  /** Of the stage's units (rows, mostly), on the average since it began; 0 before anything is done. */
  perSecond: number;
  /** Until the stage ends, at that rate; null as long as there is none. */
  secondsLeft: number | null;
}

/** A function from each progress of one job, in order, to the same with its rate. */
export function rateStages(nowMs: () => number = () => performance.now()): (progress: NativeProgress) => RatedProgress {
  let stage = '';
  let began = 0;
  let before = 0;
  return (progress) => {
    if (progress.stage !== stage) {
      ({ stage, done: before } = progress);
      began = nowMs();
    }
    const seconds = (nowMs() - began) / 1000;
    const perSecond = seconds > 0 ? (progress.done - before) / seconds : 0;
    const secondsLeft = perSecond > 0 ? (progress.total - progress.done) / perSecond : null;
    return { ...progress, perSecond, secondsLeft };
  };
}
