import { classifyFailure } from "../postgres/failure/failure.ts";
import type { Queryable } from "../postgres/transaction/database.ts";
import { within } from "../within.ts";
import { type Reading, type Signal, SignalBlindError, type SignalName } from "./signal.ts";

const tickMs = 500;
/** What is looked at so often is seen at a glance, and all of it at one. */
const quickMs = 1_000;
/** What nobody could see for so long is no longer known. */
const knownForMs = 30_000;
/** A look that takes longer has failed. */
const longestLookMs = 3_000;

/** What a signal said last, and when it is worth asking again. */
interface Seen {
  readonly signal: Signal;
  nextAt: number;
  isLooking: boolean;
  /** when it could be seen last */
  seenAt: number;
  reading: Reading | null;
  blindness: string | null;
}

/** Looks at all signals, each in its own rhythm; one that cannot see does not stop the others. */
export class SignalWatch {
  readonly #db: Queryable;
  readonly #seen: readonly Seen[];
  readonly #tell: (readings: readonly Reading[]) => void;
  readonly #tellBlind: (signal: SignalName, message: string) => void;
  #timer: NodeJS.Timeout | undefined;
  /** looks that are under way */
  readonly #looks = new Set<Promise<void>>();
  #isLookingSlowly = false;

  /** `tell` hears all readings after each look; `tellBlind` hears once, and again when the message changes. */
  constructor(
    db: Queryable,
    signals: readonly Signal[],
    tell: (readings: readonly Reading[]) => void,
    tellBlind: (signal: SignalName, message: string) => void,
  ) {
    this.#db = db;
    this.#seen = signals.map((signal) => ({
      ...{ signal, nextAt: 0, isLooking: false, seenAt: 0 },
      ...{ reading: null, blindness: null },
    }));
    this.#tell = tell;
    this.#tellBlind = tellBlind;
  }

  /** Looks at everything once, so that no batch begins before; then again and again. */
  async start(): Promise<void> {
    await Promise.all(this.#begin());
    this.#tellAll();
    this.#timer = setInterval(() => void this.#tick(), tickMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await within(1_000, Promise.all(this.#looks));
  }

  /** Whoever looks for long is told of by a later tick, and keeps no other waiting. */
  async #tick(): Promise<void> {
    await within(tickMs / 2, Promise.all(this.#begin()));
    this.#tellAll();
  }

  /** Told on each tick, changed or not: who listens lets a utilization fade with time. */
  #tellAll(): void {
    this.#tell(this.#seen.flatMap(({ reading }) => reading ?? []));
  }

  /** Looks come together as far as they can: to whoever else is on the machine each waking is a moment's delay. */
  #begin(): readonly Promise<void>[] {
    const at = performance.now();
    const due = this.#seen.filter(({ nextAt, isLooking }) => !isLooking && nextAt <= at + tickMs / 2);
    const isQuick = ({ signal }: Seen): boolean => signal.everyMs <= quickMs;
    const quick = Promise.all(due.filter(isQuick).map((seen) => this.#lookAt(seen, at)));
    const slow = due.filter((seen) => !isQuick(seen));
    return [this.#keep(quick), this.#keep(this.#lookSlowly(quick, slow, at))];
  }

  /** Those may take long, or hold locks of what they look at: each by itself. */
  async #lookSlowly(after: Promise<unknown>, slow: readonly Seen[], at: number): Promise<void> {
    if (this.#isLookingSlowly) return;
    this.#isLookingSlowly = true;
    await after;
    for (const seen of slow) await this.#lookAt(seen, at);
    this.#isLookingSlowly = false;
  }

  async #keep(look: Promise<unknown>): Promise<void> {
    const kept = look.then(() => {});
    this.#looks.add(kept);
    await kept;
    this.#looks.delete(kept);
  }

  async #lookAt(seen: Seen, at: number): Promise<void> {
    const { signal } = seen;
    seen.isLooking = true;
    try {
      const reading = await within(longestLookMs, signal.read(this.#db));
      if (reading === undefined) throw new Error("no answer in time");
      seen.reading = reading;
      seen.seenAt = performance.now();
      seen.blindness = null;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const { reason: kind, sqlstate } = classifyFailure(error);
      // Nothing is known of this signal alone: the whole server cannot be asked.
      const isAway = kind === "connection" || kind === "resources";
      // Fail closed where rows could pile up unseen.
      if (signal.onError === "hold")
        seen.reading = {
          ...{ signal: signal.name, utilization: 1, reason: `${signal.name} unknown: ${message}` },
          ...(isAway ? { failure: { reason: kind, sqlstate } } : {}),
        };
      // A load that cannot be seen for a moment is what it was: servers answer late when they have most to do.
      else if (error instanceof SignalBlindError || performance.now() - seen.seenAt > knownForMs)
        seen.reading = null;
      // A database that cannot be reached is told by the workers, once, and not by each signal.
      if (seen.blindness !== message && !isAway) this.#tellBlind(signal.name, message);
      seen.blindness = message;
    }
    seen.isLooking = false;
    seen.nextAt = at + signal.everyMs;
  }
}
