import { UsageError } from "../../errors.ts";
import { parseDays, TimeZone, type WallTime } from "./time-zone.ts";

const minuteMs = 60_000;
const dayMinutes = 24 * 60;
/** A window on one weekday opens again within two weeks, even if a clock change once skips its hour. */
const lookAheadMinutes = 15 * dayMinutes;
const weekMs = 7 * dayMinutes * minuteMs;
/** More than the openings and closings of two weeks, however many windows there are. */
const mostChanges = 1_000;

/**
 * When a run may work: `22:00-06:00 Europe/Berlin`, `Mon-Fri 22:00-06:00 Europe/Berlin; Sat,Sun 00:00-24:00
 * Europe/Berlin`. A window over midnight belongs to the day on which it begins. Local time counts: a window
 * within the hour that a clock change skips does not open that night.
 */
export class Windows {
  /** each text is parsed once, so that what is computed from it is kept */
  static readonly #known = new Map<string, Windows>();

  readonly #windows: readonly Window[];
  readonly #text: string;
  readonly #isNeverClosed: boolean;
  /** the next change after `from`: it is asked for often */
  #seen: { readonly from: number; readonly next: Date | null } | null = null;

  private constructor(windows: readonly Window[], text: string) {
    this.#windows = windows;
    this.#text = text;
    this.#isNeverClosed = windows.some(({ zone }) =>
      isWholeWeek(windows.filter((each) => each.zone.name === zone.name)),
    );
  }

  /** @throws UsageError that says what is wrong */
  static parse(text: string): Windows {
    const known = Windows.#known.get(text);
    if (known !== undefined) return known;
    const parts = text.split(";").map((part) => part.trim().replaceAll(/\s+/g, " "));
    const parsed = new Windows(parts.map(parseWindow), parts.join("; "));
    Windows.#known.set(text, parsed);
    return parsed;
  }

  isOpen(at: Date): boolean {
    return this.#windows.some(({ zone, ...window }) => isWithin(window, zone.wallTime(at)));
  }

  /** When it opens, or closes if it is open, to the minute; null when it never changes. */
  nextChange(at: Date): Date | null {
    const seen = this.#seen;
    if (
      seen !== null &&
      at.getTime() >= seen.from &&
      at.getTime() < (seen.next?.getTime() ?? seen.from + weekMs)
    )
      return seen.next;
    const next = this.#findChange(at);
    this.#seen = { from: at.getTime(), next };
    return next;
  }

  /** Seconds from `at` until it has been open for `openSeconds`; null when it does not open. */
  secondsUntil(openSeconds: number, at: Date): number | null {
    if (this.#isNeverClosed) return openSeconds;
    const end = this.#walk(openSeconds * 1_000, at);
    return end === null ? null : (end.getTime() - at.getTime()) / 1_000;
  }

  /** Each week is like the next but for an hour, so whole weeks need not be walked. */
  #walk(openMs: number, at: Date): Date | null {
    let [now, left] = [at, openMs];
    const openInWeek = openMs > weekMs / 100 ? this.#openIn(weekMs, at) : 0;
    if (openInWeek > 0) {
      const weeks = Math.max(0, Math.ceil(openMs / openInWeek) - 1);
      [now, left] = [new Date(at.getTime() + weeks * weekMs), openMs - weeks * openInWeek];
    }
    for (let changes = 0; changes < mostChanges; changes += 1) {
      const isOpen = this.isOpen(now);
      const next = this.#findChange(now);
      if (isOpen && (next === null || next.getTime() - now.getTime() >= left))
        return new Date(now.getTime() + left);
      if (next === null) return null;
      if (isOpen) left -= next.getTime() - now.getTime();
      now = next;
    }
    return null;
  }

  /** Milliseconds for which it is open within the next `forMs`. */
  #openIn(forMs: number, at: Date): number {
    let open = 0;
    for (let now = at; now.getTime() < at.getTime() + forMs; ) {
      const end = Math.min(
        at.getTime() + forMs,
        this.#findChange(now)?.getTime() ?? Number.POSITIVE_INFINITY,
      );
      if (this.isOpen(now)) open += end - now.getTime();
      now = new Date(end);
    }
    return open;
  }

  #findChange(at: Date): Date | null {
    if (this.#isNeverClosed) return null;
    const isOpen = this.isOpen(at);
    const first = Math.floor(at.getTime() / minuteMs) + 1;
    for (let minute = first; minute < first + lookAheadMinutes; minute += 1) {
      const then = new Date(minute * minuteMs);
      if (this.isOpen(then) !== isOpen) return then;
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
  if (found === null || days === null) throw noWindow(text, "it does not have the form of one");
  const [from, to] = [minutesOf(found[2], found[3]), minutesOf(found[4], found[5])];
  if (from === null || from === dayMinutes || to === null)
    throw noWindow(text, "there is no such time of day");
  if (from === to) throw noWindow(text, "it begins when it ends; the whole day is 00:00-24:00");
  // A time without a zone would differ from machine to machine.
  if (found[6] === undefined) throw noWindow(text, "its time zone is missing");
  return { zone: new TimeZone(found[6]), days, from, to };
}

function isWholeWeek(windows: readonly Window[]): boolean {
  for (let day = 0; day < 7; day += 1)
    for (let minute = 0; minute < dayMinutes; minute += 1)
      if (!windows.some((window) => isWithin(window, { day, minute }))) return false;
  return true;
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
  return new UsageError(`"${text}" is not a window: ${why}.`, {
    remedy: 'Write "22:00-06:00 Europe/Berlin" or "Mon-Fri 22:00-06:00 Europe/Berlin"; join several by ";".',
  });
}
