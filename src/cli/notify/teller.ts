import { messageOf } from "../../errors.ts";
import { emphasise, say, sayOnce } from "../terminal/output.ts";

/** How long the end of a command waits for a receiver; the rest stays in the store. */
const lastMs = 15_000;

/** Tells in the background, one look at a time: a receiver that hangs holds up no run. */
export class Teller {
  readonly #tell: (signal: AbortSignal) => Promise<readonly string[]>;
  readonly #everyMs: number;
  readonly #abort = new AbortController();
  #telling: Promise<void> | null = null;
  #timer: NodeJS.Timeout | undefined;

  /** `tell` answers what could not be told, as sentences, and ends soon when its signal fires. */
  constructor(everyMs: number, tell: (signal: AbortSignal) => Promise<readonly string[]>) {
    this.#everyMs = everyMs;
    this.#tell = tell;
  }

  start(): void {
    this.look();
    this.#timer = setInterval(() => this.look(), this.#everyMs);
  }

  /** Looks, unless a look is under way. */
  look(): void {
    this.#telling ??= this.#look().finally(() => {
      this.#telling = null;
    });
  }

  /** Looks once more, and waits for that for a while. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    const timer = setTimeout(() => this.#abort.abort(), lastMs);
    await this.#telling;
    if (!this.#abort.signal.aborted) await this.#look();
    clearTimeout(timer);
  }

  async #look(): Promise<void> {
    try {
      for (const problem of await this.#tell(this.#abort.signal))
        sayOnce(
          `${emphasise("yellow", "warning")} A notice could not be delivered: ${problem}. The next command with --notify tells it.`,
        );
    } catch (error) {
      say(`${emphasise("yellow", "warning")} What is to be told could not be read: ${messageOf(error)}`);
    }
  }
}
