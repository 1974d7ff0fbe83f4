// Settings of the section `maintenance` as the library takes them, and what jobs tell in the log. Called by service.ts.
import type { Logger } from 'pino';
import type { JobTransition, MaintenanceOptions } from '../config/maintenance.js';
import type { ServiceConfig } from './service-config.js';

export function maintenanceOptions(settings: ServiceConfig['maintenance'], logger: Logger): MaintenanceOptions {
  const { compact_cron: compact, rebuild_cron: rebuild, health_cron: health, off_peak_cron: begins } = settings;
  const patterns = Object.entries({ compact, rebuild, health }).filter(([, pattern]) => pattern !== null);
  return {
    auto: settings.auto,
    checkIntervalMs: 1000 * Math.max(1, settings.check_seconds),
    healthIntervalMs: 1000 * settings.health_seconds,
    retryMs: 1000 * settings.retry_seconds,
    graceMs: 1000 * settings.grace_seconds,
    bytesPerSecond: settings.bytes_per_second,
    operationsPerSecond: settings.operations_per_second,
    cpuPercent: settings.cpu_percent,
    yieldToSearches: settings.yield_to_searches,
    memoryLimit: settings.memory_limit,
    p99BudgetMs: settings.p99_budget_ms,
    schedules: Object.fromEntries(patterns),
    offPeak: begins === null ? null : { begins, minutes: settings.off_peak_minutes },
    timezone: settings.timezone,
    thresholds: { mostSegments: settings.most_segments, slowSegments: Math.ceil(settings.most_segments / 2) },
    onTransition: (job) => logger[levelOf(job)](job, 'job'),
  };
}

function levelOf({ state, alarm, force }: JobTransition): 'error' | 'warn' | 'info' {
  if (state === 'FAILED' || alarm !== null) return 'error';
  return force ? 'warn' : 'info';
}
