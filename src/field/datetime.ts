// Dates as text, made into numbers that compare. What is accepted is RFC 3339 and the shorter forms that the service's
// clients write: a space for the T, no seconds, no time at all, no offset (then it is UTC), an offset without colon.

const DATETIME =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)? ?([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?$/;

const MINUTE_MICROS = 60_000_000;

/**
 * Microseconds since 1970, UTC, finer digits cut off; undefined for a text that is no date. As a number: to the
 * microsecond from 1685 to 2255, within 32 microseconds in the years 0 and 9999.
 */
export function parseDatetime(text: string): number | undefined {
  const match = DATETIME.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', offset = 'Z'] = match;
  const offsetMinutes = parseOffset(offset);
  const midnightMs = parseDay(Number(year), Number(month), Number(day));
  if (midnightMs === undefined || offsetMinutes === undefined) return undefined;
  // 60 is a leap second, which the clock of 1970 does not have: it is the first second of the next minute.
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined;
  const minutes = midnightMs / 60_000 + Number(hour) * 60 + Number(minute) - offsetMinutes;
  return minutes * MINUTE_MICROS + Number(second) * 1_000_000 + Number(fraction.slice(0, 6).padEnd(6, '0'));
}

function parseDay(year: number, month: number, day: number): number | undefined {
  const date = new Date(0);
  // Date.UTC() takes the years 0 to 99 for those of the last century.
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : undefined;
}

function parseOffset(text: string): number | undefined {
  if (text === 'Z' || text === 'z') return 0;
  const hours = Number(text.slice(1, 3));
  const minutes = Number(text.slice(3).replace(':', ''));
  if (hours > 23 || minutes > 59) return undefined;
  return (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}
