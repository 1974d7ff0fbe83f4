// What begins by itself: jobs that are due, at the times that a schedule names or when a look at the segments or a check
// of the health says so. One at a time, and none for what the last one could not change (rebuild/repeat-guard.ts). One
// that failed is tried again after a while; when that fails too, none begins any more until one that was asked for ends
// well, and the status says why. Part of lifecycle.ts, which does the work.
import { CronTimes } from '../config/cron-times.js';
import type { Maintenance, Schedules } from '../config/maintenance.js';
import { type HealthReport, recallProblem } from '../rebuild/health.js';
import type { Job, JobLog } from '../rebuild/job.js';
import { type MergeChoice, mergeAll, mergesDue, type SegmentFacts, triggerValues } from '../rebuild/merge-policy.js';
import { isOffPeak } from '../rebuild/off-peak.js';
import { RepeatGuard } from '../rebuild/repeat-guard.js';

export interface AutomationTarget {
  maintenance: Maintenance;
  jobs: JobLog;
  /** Whether a job was of the segments that this looks after: those of one vector space. */
  isOwn(job: Job): boolean;
  facts(): SegmentFacts[];
  /** Of the last check. */
  health(): HealthReport | null;
  isBusy(): boolean;
  begin(choice: MergeChoice): Promise<Job | null>;
  checkHealth(): Promise<HealthReport>;
}

type Scheduled = keyof Schedules;

const FAILURES_MAX = 2;
const RECALL = 'recall';

export class Automation {
  private timer: NodeJS.Timeout | null = null;
  private looking = false;
  private readonly guard = new RepeatGuard();
  private readonly times = new Map<Scheduled, CronTimes>();
  /** Whose time came while something else was done. */
  private readonly owed = new Set<Scheduled>();
  private lastLookMs = Date.now();
  private lastHealthMs = Date.now();

  constructor(private readonly target: AutomationTarget) {
    const { schedules, timezone } = target.maintenance;
    for (const name of ['health', 'compact', 'rebuild'] as const) {
      const pattern = schedules[name];
      if (pattern !== undefined) this.times.set(name, CronTimes.parse(pattern, timezone, `schedules.${name}`));
    }
    for (const { kind, trigger, state, startedAt } of target.jobs.jobs.filter((job) => target.isOwn(job))) {
      if (trigger !== null && state === 'DONE') this.guard.note(kind, trigger, Date.parse(startedAt));
    }
  }

  start(): void {
    const { auto, checkIntervalMs } = this.target.maintenance;
    if (!auto && this.times.size === 0) return;
    // What becomes of it is in the history.
    this.timer = setInterval(() => void this.look(Date.now()).catch(() => undefined), checkIntervalMs).unref();
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  /** Why none begins any more; null while they do. */
  get alarm(): string | null {
    const { failures } = this;
    const last = failures.at(-1);
    if (last === undefined || failures.length < FAILURES_MAX) return null;
    const { error, space = '' } = last;
    const of = space === '' ? '' : ` of the vectors ${JSON.stringify(space)}`;
    const why = `${failures.length} jobs in a row${of} failed, the last one with: ${error}`;
    return `${why}; none begins by itself until one that is asked for ends well`;
  }

  /** Begins what should be done at this time, and waits for it. */
  async look(nowMs: number): Promise<void> {
    for (const [name, times] of this.times) if (times.hasBetween(this.lastLookMs, nowMs)) this.owed.add(name);
    this.lastLookMs = nowMs;
    if (this.looking || this.target.isBusy() || this.alarm !== null || this.mustWait(nowMs)) return;
    this.looking = true;
    try {
      if (this.owed.size > 0) await this.doScheduled(nowMs);
      else if (this.target.maintenance.auto) await this.doDue(nowMs);
    } finally {
      this.looking = false;
    }
  }

  // Those of other spaces are nothing to this one: one that fails there must not stop it, nor one that ends well there
  // have it try again without end.
  private get failures(): Job[] {
    return this.target.jobs.failures((job) => this.target.isOwn(job));
  }

  /** After a failure. */
  private mustWait(nowMs: number): boolean {
    const last = this.failures.at(-1);
    if (last === undefined) return false;
    return nowMs - Date.parse(last.endedAt ?? last.startedAt) < this.target.maintenance.retryMs;
  }

  private async doScheduled(nowMs: number): Promise<void> {
    const [name] = this.owed;
    this.owed.delete(name as Scheduled);
    if (name === 'health') await this.checkHealth(nowMs);
    const kind = name === 'compact' ? 'major' : 'rebuild';
    const choice = name === 'health' ? null : mergeAll(this.target.facts(), kind, 'its time came');
    if (choice !== null) await this.target.begin(choice);
  }

  private async doDue(nowMs: number): Promise<void> {
    const { maintenance } = this.target;
    const facts = this.target.facts();
    this.guard.observe(new Map([...triggerValues(facts), [RECALL, this.lostRecall()]]));
    const due = mergesDue(facts, maintenance.thresholds).find((choice) => this.mayBegin(choice, nowMs));
    if (due !== undefined) return this.do(due, nowMs);
    if (nowMs - this.lastHealthMs < maintenance.healthIntervalMs) return;
    const health = await this.checkHealth(nowMs);
    const problem = recallProblem(health, maintenance.thresholds);
    if (problem === null) return;
    const choice = mergeAll(facts, 'rebuild', problem, { name: RECALL, value: this.lostRecall() });
    if (choice !== null && this.mayBegin(choice, nowMs)) await this.do(choice, nowMs);
  }

  private mayBegin({ kind, trigger }: MergeChoice, nowMs: number): boolean {
    if (trigger !== null && !this.guard.allows(kind, trigger, nowMs)) return false;
    return kind === 'minor' || isOffPeak(this.target.maintenance, nowMs);
  }

  private async do(choice: MergeChoice, nowMs: number): Promise<void> {
    const job = await this.target.begin(choice);
    if (job !== null && choice.trigger !== null) this.guard.note(choice.kind, choice.trigger, nowMs);
  }

  private checkHealth(nowMs: number): Promise<HealthReport> {
    this.lastHealthMs = nowMs;
    return this.target.checkHealth();
  }

  /** Since the generation was published; 0 where it is not known. */
  private lostRecall(): number {
    const { recall, reference } = this.target.health() ?? { recall: null, reference: null };
    return recall === null || reference === null ? 0 : Math.max(0, reference - recall);
  }
}
