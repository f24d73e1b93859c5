import type { Queryable } from "../postgres/database.ts";
import { isConnectionLoss } from "../postgres/failure.ts";
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
  /** when it could be seen last */
  seenAt: number;
  reading: Reading | null;
  blindness: string | null;
}

/** Looks at all signals, each in its own rhythm; one that cannot see does not stop the others. */
export class Watch {
  readonly #db: Queryable;
  readonly #seen: readonly Seen[];
  readonly #tell: (readings: readonly Reading[]) => void;
  readonly #tellBlind: (signal: SignalName, message: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | null = null;

  /** `tell` hears all readings after each look; `tellBlind` hears once, and again when the message changes. */
  constructor(
    db: Queryable,
    signals: readonly Signal[],
    tell: (readings: readonly Reading[]) => void,
    tellBlind: (signal: SignalName, message: string) => void,
  ) {
    this.#db = db;
    this.#seen = signals.map((signal) => ({ signal, nextAt: 0, seenAt: 0, reading: null, blindness: null }));
    this.#tell = tell;
    this.#tellBlind = tellBlind;
  }

  /** Looks at everything once, so that no batch begins before; then again and again. */
  async start(): Promise<void> {
    await this.#tick();
    this.#timer = setInterval(() => void this.#tick(), tickMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.race([this.#looking, new Promise((resolve) => setTimeout(resolve, 1_000).unref())]);
  }

  async #tick(): Promise<void> {
    if (this.#looking !== null) return;
    this.#looking = this.#look().finally(() => {
      this.#looking = null;
    });
    await this.#looking;
  }

  async #look(): Promise<void> {
    // Looks come together as far as they can: to whoever else is on the machine each waking is a moment's delay.
    const at = performance.now();
    const due = this.#seen.filter(({ nextAt }) => nextAt <= at + tickMs / 2);
    const isQuick = ({ signal }: Seen): boolean => signal.everyMs <= quickMs;
    await Promise.all(due.filter(isQuick).map((seen) => this.#lookAt(seen, at)));
    // Those may take long, or hold locks of what they look at: each by itself.
    for (const seen of due.filter((each) => !isQuick(each))) await this.#lookAt(seen, at);
    // Told on each tick, changed or not: who listens lets a strain fade with time.
    this.#tell(this.#seen.flatMap(({ reading }) => reading ?? []));
  }

  async #lookAt(seen: Seen, at: number): Promise<void> {
    const { signal } = seen;
    try {
      seen.reading = await inTime(signal.read(this.#db));
      seen.seenAt = performance.now();
      seen.blindness = null;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      // Fail closed where rows could pile up unseen.
      if (signal.whenBlind === "hold")
        seen.reading = { signal: signal.name, strain: 1, reason: `${signal.name} unknown: ${message}` };
      // A load that cannot be seen for a moment is what it was: servers answer late when they have most to do.
      else if (error instanceof SignalBlindError || performance.now() - seen.seenAt > knownForMs)
        seen.reading = null;
      // A database that cannot be reached is told by whoever works in it.
      if (seen.blindness !== message && !isConnectionLoss(error)) this.#tellBlind(signal.name, message);
      seen.blindness = message;
    }
    seen.nextAt = at + signal.everyMs;
  }
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer in time")), longestLookMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
