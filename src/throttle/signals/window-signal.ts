import { serverTime } from "../../postgres/server/server-time.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { inMinutes, inSeconds } from "../amount.ts";
import type { Reading, Signal } from "../signal.ts";

/** The hours in which a run may work. */
export interface OpenHours {
  isOpen(at: Date): boolean;
  nextChange(at: Date): Date | null;
  toString(): string;
}

/** Holds a run outside its window, by the database's clock. */
export class WindowSignal implements Signal {
  readonly name = "window";
  readonly everyMs = 1_000;
  readonly onError = "hold";
  readonly #hours: () => OpenHours | null;
  /** the hours as they are now, and when they next change */
  #known: { readonly hours: OpenHours; readonly next: Date | null } | null = null;

  /** `hours` returns the current window: an operator may change it while the run works. */
  constructor(hours: () => OpenHours | null) {
    this.#hours = hours;
  }

  async read(db: Queryable): Promise<Reading | null> {
    const hours = this.#hours();
    if (hours === null) return null;
    const now = await serverTime(db);
    if (hours.isOpen(now)) return null;
    const next = this.#next(hours, now);
    const opens =
      next === null
        ? "and never opens"
        : `until ${inMinutes(next)} (${inSeconds((next.getTime() - now.getTime()) / 1_000)})`;
    return { signal: this.name, utilization: 1, reason: `the window ${hours} is closed ${opens}` };
  }

  // Kept, since the search may go through the minutes of two weeks.
  #next(hours: OpenHours, now: Date): Date | null {
    const known = this.#known;
    if (known?.hours === hours && (known.next === null || known.next > now)) return known.next;
    const next = hours.nextChange(now);
    this.#known = { hours, next };
    return next;
  }
}
