import { UsageError } from "../../errors.ts";
import { TimeZone } from "./time-zone.ts";

const minuteMs = 60_000;
const twoDays = 2 * 24 * 60;

/** The next time it is `06:00 Europe/Berlin`, or a moment `2026-11-23T06:00+01:00`. @throws UsageError */
export function untilInstant(text: string, now: Date): Date {
  const time = /^(\d{1,2}):([0-5]\d)(?: (\S+))?$/.exec(text.trim());
  if (time === null) return moment(text, now);
  const wanted = Number(time[1]) * 60 + Number(time[2]);
  const zone = new TimeZone(time[3] ?? Intl.DateTimeFormat().resolvedOptions().timeZone);
  const first = Math.floor(now.getTime() / minuteMs) + 1;
  for (let minute = first; minute < first + twoDays; minute += 1) {
    const then = new Date(minute * minuteMs);
    if (zone.wallTime(then).minute === wanted) return then;
  }
  throw noMoment(text);
}

function moment(text: string, now: Date): Date {
  const found = /^(\d{4}-\d\d-\d\d)[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:?\d\d)$/.exec(text.trim());
  const at = new Date(found?.[0].replace(" ", "T") ?? Number.NaN);
  if (Number.isNaN(at.getTime()) || !isDay(found?.[1] ?? "")) throw noMoment(text);
  if (at > now) return at;
  throw new UsageError(`${text} has already passed.`, { remedy: "Give a future time." });
}

/** `Date` turns the 30th of February into the 2nd of March. */
function isDay(date: string): boolean {
  return new Date(`${date}T00:00Z`).toISOString().startsWith(date);
}

function noMoment(text: string): UsageError {
  return new UsageError(`"${text}" is not a time.`, {
    remedy: 'Write "06:00 Europe/Berlin", or "2026-11-23T06:00+01:00" with its UTC offset.',
  });
}
