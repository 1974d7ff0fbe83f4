// Times of a clock, as a cron pattern names them: asked for, never waited for, so that whoever asks has the clock. A
// minute that falls out or comes twice when the clock is put forward or back is the package's business (croner).
import { Cron } from 'croner';
import { VamanaError } from '../errors.js';

export class CronTimes {
  private constructor(private readonly cron: Cron) {}

  /** INVALID_ARGUMENT, naming the option. Null is the system's time zone. */
  static parse(pattern: string, timezone: string | null, option: string): CronTimes {
    try {
      const cron = new Cron(pattern, { paused: true, ...(timezone === null ? {} : { timezone }) });
      cron.nextRun();
      return new CronTimes(cron);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const found = `maintenance option ${option}: found '${pattern}'${timezone === null ? '' : ` in ${timezone}`}`;
      throw new VamanaError('INVALID_ARGUMENT', `${found}, expected a cron pattern: ${why}`, { cause });
    }
  }

  /** Whether one of them is after `fromMs` and not after `toMs`. */
  hasBetween(fromMs: number, toMs: number): boolean {
    const next = this.cron.nextRun(new Date(fromMs));
    return next !== null && next.getTime() <= toMs;
  }
}
