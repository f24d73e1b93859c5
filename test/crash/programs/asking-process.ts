import { createInterface } from "node:readline";
import { spawnProgram } from "../../support/spawn-program.ts";
import type { AskingOptions } from "./asking-runner.ts";

const program = new URL("./asking-runner.ts", import.meta.url);

/** A real process that asks a mock API about notes; it takes the run up where an earlier one was killed. */
export class AskingProcess {
  readonly ended: Promise<number | null>;
  readonly kill: () => Promise<number | null>;
  /** stops it in its tracks, or lets it go on */
  readonly signal: (name: "SIGSTOP" | "SIGCONT") => void;
  /** the report, or the error, once it has ended by itself */
  last: Readonly<Record<string, unknown>> = {};
  #isOver = false;

  constructor(options: AskingOptions) {
    const child = spawnProgram(program, options);
    createInterface({ input: child.stdout! }).on("line", (line) => {
      const told = JSON.parse(line) as Record<string, unknown>;
      if (told.type === "report" || told.type === "error") this.last = told;
    });
    child.stderr!.resume();
    this.ended = new Promise((resolve) => {
      child.once("close", (code) => {
        this.#isOver = true;
        resolve(code);
      });
    });
    this.signal = (name) => void child.kill(name);
    this.kill = () => {
      child.kill("SIGKILL");
      return this.ended;
    };
  }

  get isOver(): boolean {
    return this.#isOver;
  }
}
