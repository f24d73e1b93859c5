import { UsageError } from "../../errors.ts";

const minuteMs = 60_000;
const dayMinutes = 24 * 60;
const dayMs = dayMinutes * minuteMs;
const weekMinutes = 7 * dayMinutes;
const days: readonly string[] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** A moment in local time. */
export interface WallTime {
  /** 0 is Monday */
  readonly day: number;
  /** minutes since midnight, 0 to 1439 */
  readonly minute: number;
}

/** A time zone of the IANA database with daylight saving time; `Intl` knows its rules. */
export class TimeZone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;
  /** minutes that the zone is ahead of UTC, by the day since 1970; null on days on which it changes */
  readonly #aheadOn = new Map<number, number | null>();

  /** @throws UsageError when there is no such zone */
  constructor(name: string) {
    try {
      this.#format = new Intl.DateTimeFormat("en-US", {
        timeZone: name,
        hourCycle: "h23",
        weekday: "short",
        hour: "2-digit",
        minute: "2-digit",
      });
    } catch {
      throw new UsageError(`"${name}" is not a time zone.`, { remedy: suggestion(name) });
    }
    this.name = name;
  }

  /** Cheap: `Intl` takes a tenth of a millisecond, so it is asked only for a day or two. */
  wallTime(at: Date): WallTime {
    const ahead = this.#aheadAt(at);
    if (ahead === null) return this.#ask(at);
    const minute = positive(utcMinute(at) + ahead, weekMinutes);
    return { day: Math.floor(minute / dayMinutes), minute: minute % dayMinutes };
  }

  #aheadAt(at: Date): number | null {
    const day = Math.floor(at.getTime() / dayMs);
    const known = this.#aheadOn.get(day);
    if (known !== undefined) return known;
    const [first, last] = [this.#ahead(new Date(day * dayMs)), this.#ahead(new Date((day + 1) * dayMs))];
    const ahead = first === last ? first : null;
    this.#aheadOn.set(day, ahead);
    return ahead;
  }

  #ahead(at: Date): number {
    const { day, minute } = this.#ask(at);
    const ahead = positive(day * dayMinutes + minute - utcMinute(at), weekMinutes);
    return ahead > weekMinutes / 2 ? ahead - weekMinutes : ahead;
  }

  #ask(at: Date): WallTime {
    const parts = new Map(this.#format.formatToParts(at).map(({ type, value }) => [type, value]));
    const day = days.indexOf(parts.get("weekday") ?? "");
    return { day, minute: Number(parts.get("hour")) * 60 + Number(parts.get("minute")) };
  }
}

/** Minutes since Monday 00:00 in UTC; 1 January 1970 was a Thursday. */
function utcMinute(at: Date): number {
  return positive(Math.floor(at.getTime() / minuteMs) + 3 * dayMinutes, weekMinutes);
}

function positive(value: number, modulus: number): number {
  return ((value % modulus) + modulus) % modulus;
}

/** Days as users write them, `Mon-Fri,Sun`; null when it is something else. */
export function parseDays(text: string): ReadonlySet<number> | null {
  const found = new Set<number>();
  for (const part of text.split(",")) {
    const [first, last = first, more] = part.split("-").map((name) => days.indexOf(name));
    if (first === undefined || last === undefined || first < 0 || last < 0 || more !== undefined) return null;
    for (let day = first; ; day = (day + 1) % 7) {
      found.add(day);
      if (day === last) break;
    }
  }
  return found;
}

function suggestion(name: string): string {
  const last = name.split("/").at(-1)?.toLowerCase() ?? "";
  const near = Intl.supportedValuesOf("timeZone").find(
    (zone) => last !== "" && zone.toLowerCase().includes(last),
  );
  return near === undefined ? "Write it as Europe/Berlin, America/New_York or UTC." : `Did you mean ${near}?`;
}
