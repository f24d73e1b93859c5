import { classifyFailure } from "../postgres/failure/failure.ts";
import type { Queryable } from "../postgres/transaction/database.ts";
import { within } from "../within.ts";
import { type Reading, type Signal, SignalBlindError, type SignalName } from "./signal.ts";

const tickMs = 500;
/** Signals that are read this often are cheap, so they are read together. */
const quickMs = 1_000;
/** A reading that could not be renewed for so long is dropped. */
const knownForMs = 30_000;
/** A look that takes longer has failed. */
const longestLookMs = 3_000;

/** What a signal said last, and when to read it again. */
interface Seen {
  readonly signal: Signal;
  nextAt: number;
  isLooking: boolean;
  /** when it was last read successfully */
  seenAt: number;
  reading: Reading | null;
  blindness: string | null;
}

/** Reads all signals, each at its own interval. One that cannot be read does not stop the other signals. */
export class SignalWatch {
  readonly #db: Queryable;
  readonly #seen: readonly Seen[];
  readonly #tell: (readings: readonly Reading[]) => void;
  readonly #tellBlind: (signal: SignalName, message: string) => void;
  #timer: NodeJS.Timeout | undefined;
  /** looks that are under way */
  readonly #looks = new Set<Promise<void>>();
  #isLookingSlowly = false;

  /** Calls `tell` with all readings on each tick, and `tellBlind` once for each new message of a signal. */
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

  /** Reads every signal once, so that the caller can wait before the first batch, and then on each tick. */
  async start(): Promise<void> {
    await Promise.all(this.#begin());
    this.#tellAll();
    this.#timer = setInterval(() => void this.#tick(), tickMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await within(1_000, Promise.all(this.#looks));
  }

  /** A slow signal is reported by a later tick and delays no other. */
  async #tick(): Promise<void> {
    await within(tickMs / 2, Promise.all(this.#begin()));
    this.#tellAll();
  }

  /** Reports on each tick, even without a change, because the governor raises the level with time. */
  #tellAll(): void {
    this.#tell(this.#seen.flatMap(({ reading }) => reading ?? []));
  }

  /** Reads signals together where possible: each wake-up briefly delays other processes of the machine. */
  #begin(): readonly Promise<void>[] {
    const at = performance.now();
    const due = this.#seen.filter(({ nextAt, isLooking }) => !isLooking && nextAt <= at + tickMs / 2);
    const isQuick = ({ signal }: Seen): boolean => signal.everyMs <= quickMs;
    const quick = Promise.all(due.filter(isQuick).map((seen) => this.#lookAt(seen, at)));
    const slow = due.filter((seen) => !isQuick(seen));
    return [this.#keep(quick), this.#keep(this.#lookSlowly(quick, slow, at))];
  }

  /** Reads the slow signals one by one, because each may take long or hold locks. */
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
      // The server cannot be reached, so the failure says nothing about this signal.
      const isAway = kind === "connection" || kind === "resources";
      // Fail closed: the load could grow unseen.
      if (signal.onError === "hold")
        seen.reading = {
          ...{ signal: signal.name, utilization: 1, reason: `${signal.name} unknown: ${message}` },
          ...(isAway ? { failure: { reason: kind, sqlstate } } : {}),
        };
      // Keep the last reading for a while: servers answer late when they are busiest.
      else if (error instanceof SignalBlindError || performance.now() - seen.seenAt > knownForMs)
        seen.reading = null;
      // The workers report once that the database cannot be reached, so the signals do not.
      if (seen.blindness !== message && !isAway) this.#tellBlind(signal.name, message);
      seen.blindness = message;
    }
    seen.isLooking = false;
    seen.nextAt = at + signal.everyMs;
  }
}
