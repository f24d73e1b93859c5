import type { WriteStream } from "node:tty";
import type { EngineEvent } from "../engine/events.ts";
import { ProgressState } from "./progress-state.ts";

/** On a terminal the line is drawn anew so often; elsewhere a line is printed so often. */
const drawEveryMs = 150;
const printEveryMs = 5_000;

/** Shows how far a run is: one live line on a terminal, one plain line every few seconds elsewhere. */
export class ProgressLine {
  readonly #stream: Pick<WriteStream, "write" | "isTTY" | "columns">;
  readonly #state = new ProgressState();
  readonly #isLive: boolean;
  #shownAt: number | null = null;
  #isShown = false;

  constructor(stream: Pick<WriteStream, "write" | "isTTY" | "columns">) {
    this.#stream = stream;
    this.#isLive = stream.isTTY === true && process.env.TERM !== "dumb" && process.env.CI === undefined;
  }

  hear(event: EngineEvent): void {
    this.#state.hear(event);
    if (event.type === "run stopped") {
      this.clear();
      return;
    }
    const now = performance.now();
    this.#shownAt ??= this.#isLive ? 0 : now;
    if (now - this.#shownAt < (this.#isLive ? drawEveryMs : printEveryMs)) return;
    this.#shownAt = now;
    this.#show(this.#state.text(event.job));
  }

  /** Takes the live line away, so that something else can be printed. */
  clear(): void {
    if (this.#isShown) this.#stream.write("\r\u001b[2K");
    this.#isShown = false;
  }

  #show(text: string): void {
    if (!this.#isLive) {
      this.#stream.write(`${text}\n`);
      return;
    }
    // A line that wraps could not be taken back.
    const width = Math.max(20, (this.#stream.columns ?? 80) - 1);
    this.#stream.write(`\r\u001b[2K${text.length > width ? `${text.slice(0, width - 1)}…` : text}`);
    this.#isShown = true;
  }
}
