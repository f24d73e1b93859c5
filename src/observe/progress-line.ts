import type { WriteStream } from "node:tty";
import type { EngineEvent } from "../engine/report/events.ts";
import { ProgressState } from "./progress-state.ts";
import { progressLine, progressLines } from "./progress-text.ts";

/** How often the lines are drawn again on a terminal, and how often a line is printed elsewhere. */
const drawEveryMs = 150;
const printEveryMs = 5_000;

/** Shows how far a run is: live on a terminal, one plain line every few seconds elsewhere. */
export class ProgressLine {
  readonly #stream: Pick<WriteStream, "write" | "isTTY" | "columns">;
  readonly #state = new ProgressState();
  readonly #isLive: boolean;
  #shownAt: number | null = null;
  /** lines that are on the terminal now */
  #shown = 0;

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
    this.#show(event.job);
  }

  /** Erases the live lines, so that something else can be printed. */
  clear(): void {
    if (this.#shown > 0) this.#stream.write(erased(this.#shown));
    this.#shown = 0;
  }

  #show(job: string): void {
    const said = this.#state.said();
    if (!this.#isLive) {
      this.#stream.write(`${progressLine(job, said)}\n`);
      return;
    }
    // A line that the terminal wraps by itself could not be erased.
    const lines = progressLines(job, said, Math.max(20, (this.#stream.columns ?? 80) - 1));
    this.#stream.write(`${erased(this.#shown)}${lines.join("\n")}`);
    this.#shown = lines.length;
  }
}

/** Erases this many lines: the one that the cursor is in, and those above it. */
function erased(lines: number): string {
  return `\r\u001b[2K${"\u001b[1A\u001b[2K".repeat(Math.max(0, lines - 1))}`;
}
