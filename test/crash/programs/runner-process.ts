import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { afterEveryTest } from "../../support/clean-up.ts";
import { spawnProgram } from "../../support/spawn-program.ts";
import { until } from "../../support/until.ts";
import type { RunnerOptions, Told } from "./runner.ts";

const program = new URL("./runner.ts", import.meta.url);

const started = new Set<RunnerProcess>();

afterEveryTest(async () => {
  for (const runner of started) runner.signal("SIGKILL");
  await Promise.all([...started].map((runner) => runner.ended));
  started.clear();
});

/** A real process that works on a run and reports its events; killed after the test at the latest. */
export class RunnerProcess {
  readonly told: Told[] = [];
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  readonly #child: ChildProcess;
  #isRunning = true;
  #complaints = "";

  constructor(options: RunnerOptions, delayMs = 0) {
    this.#child = spawnProgram(program, options, {
      env: { TIDEFILL_TEST_DELAY_MS: String(delayMs) },
    });
    createInterface({ input: this.#child.stdout! }).on("line", (line) =>
      this.told.push(JSON.parse(line) as Told),
    );
    this.#child.stderr!.on("data", (chunk: Buffer) => {
      this.#complaints += chunk.toString();
    });
    // close, not exit: only then has all its output been read.
    this.ended = new Promise((resolve) => {
      this.#child.once("close", (code, signal) => {
        this.#isRunning = false;
        resolve({ code, signal });
      });
    });
    started.add(this);
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  all(type: string): readonly Told[] {
    return this.told.filter((line) => line.type === type);
  }

  /** Waits until the process has reported so many lines of a type, and returns the last of them. */
  async tells(type: string, times = 1): Promise<Told> {
    return until(async () => this.all(type)[times - 1] ?? this.#failIfEnded(type), {
      describe: `a runner tells "${type}" ${times} times`,
      // On a busy machine a process takes half a minute to load its program.
      timeoutMs: 100_000,
      everyMs: 5,
    });
  }

  /** Why the process did not end with a succeeded run, or null. */
  get trouble(): string | null {
    const [report] = this.all("report");
    const [error] = this.all("error");
    if (report?.status === "succeeded") return null;
    // Another process may finish the run while this one starts.
    if (error !== undefined && ["run-is-unfinished", "not-done-already"].includes(String(error.check)))
      return null;
    return `${JSON.stringify(error ?? report ?? this.told.at(-1) ?? "nothing told")} ${this.#complaints}`;
  }

  #failIfEnded(type: string): undefined {
    if (this.#isRunning) return undefined;
    throw new Error(`A runner ended before it told "${type}": ${this.trouble}`);
  }
}
