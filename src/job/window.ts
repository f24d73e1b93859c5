import { UsageError } from "../errors.ts";
import { parseDays, TimeZone, type WallTime } from "./local-time.ts";

const minuteMs = 60_000;
const dayMinutes = 24 * 60;
/** A window of one weekday opens again within two weeks, even if the hour in which it lies is once left out. */
const lookAheadMinutes = 15 * dayMinutes;
/** Farther ahead than so many openings and closings nobody plans. */
const mostChanges = 60;

/**
 * When a run may work: `22:00-06:00 Europe/Berlin`, `Mon-Fri 22:00-06:00 Europe/Berlin; Sat,Sun 00:00-24:00 Europe/Berlin`.
 * A window over midnight belongs to the day on which it begins. Clocks that are put forward or back are followed: what the
 * clocks on the wall show counts, so a window in the hour that is left out does not open that night.
 */
export class Windows {
  readonly #windows: readonly Window[];
  readonly #text: string;

  private constructor(windows: readonly Window[], text: string) {
    this.#windows = windows;
    this.#text = text;
  }

  /** @throws UsageError naming what is wrong */
  static parse(text: string): Windows {
    const parts = text.split(";").map((part) => part.trim().replaceAll(/\s+/g, " "));
    return new Windows(parts.map(parseWindow), parts.join("; "));
  }

  isOpen(at: Date): boolean {
    return this.#windows.some(({ zone, ...window }) => isWithin(window, zone.wallTime(at)));
  }

  /** When it opens, or closes if it is open, to the minute; null when that never happens. */
  nextChange(at: Date): Date | null {
    const isOpen = this.isOpen(at);
    const first = Math.floor(at.getTime() / minuteMs) + 1;
    for (let minute = first; minute < first + lookAheadMinutes; minute += 1) {
      const then = new Date(minute * minuteMs);
      if (this.isOpen(then) !== isOpen) return then;
    }
    return null;
  }

  /** Seconds from `at` until so many seconds have passed in which it was open; null when it does not open often enough. */
  secondsUntil(openSeconds: number, at: Date): number | null {
    let [now, left] = [at, openSeconds * 1_000];
    for (let changes = 0; changes < mostChanges; changes += 1) {
      const isOpen = this.isOpen(now);
      const next = this.nextChange(now);
      if (isOpen && (next === null || next.getTime() - now.getTime() >= left))
        return (now.getTime() + left - at.getTime()) / 1_000;
      if (next === null) return null;
      if (isOpen) left -= next.getTime() - now.getTime();
      now = next;
    }
    return null;
  }

  toString(): string {
    return this.#text;
  }
}

interface Window {
  readonly zone: TimeZone;
  readonly days: ReadonlySet<number>;
  /** minutes since midnight */
  readonly from: number;
  readonly to: number;
}

function parseWindow(text: string): Window {
  const found = /^(?:([A-Za-z,-]+) )?(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)(?: (\S+))?$/.exec(text);
  const days = found?.[1] === undefined ? parseDays("Mon-Sun") : parseDays(found[1]);
  if (found === null || days === null) throw noWindow(text, "it is not written as one");
  const [from, to] = [minutesOf(found[2], found[3]), minutesOf(found[4], found[5])];
  if (from === null || from === dayMinutes || to === null)
    throw noWindow(text, "there is no such time of day");
  if (from === to) throw noWindow(text, "it begins when it ends; the whole day is 00:00-24:00");
  // A time without a zone would be another one on each machine.
  if (found[6] === undefined) throw noWindow(text, "its time zone is missing");
  return { zone: new TimeZone(found[6]), days, from, to };
}

function isWithin({ days, from, to }: Omit<Window, "zone">, { day, minute }: WallTime): boolean {
  if (from < to) return days.has(day) && minute >= from && minute < to;
  return (days.has(day) && minute >= from) || (days.has((day + 6) % 7) && minute < to);
}

function minutesOf(hours = "", minutes = ""): number | null {
  const count = Number(hours) * 60 + Number(minutes);
  return Number(minutes) < 60 && count <= dayMinutes ? count : null;
}

function noWindow(text: string, why: string): UsageError {
  return new UsageError(`"${text}" is no window: ${why}.`, {
    remedy: 'Write "22:00-06:00 Europe/Berlin" or "Mon-Fri 22:00-06:00 Europe/Berlin"; join several by ";".',
  });
}
