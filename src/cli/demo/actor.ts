import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { ownFile } from "../../own-package.ts";

const program = ownFile("bin/tidefill.js");

/** A `tidefill` process on the demo's database, started as an operator would start it. */
export class Actor {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown[]>;

  /** `jobs` is the folder of the jobs, that of the package when absent; a silent one prints nothing. */
  constructor(
    databaseUrl: string,
    parameters: readonly string[],
    { jobs = ownFile("jobs"), silent = false }: { readonly jobs?: string; readonly silent?: boolean } = {},
  ) {
    this.#child = spawn(process.execPath, [program, ...parameters, "--jobs", jobs], {
      // Not in the parameters, where every process of the machine could read the password.
      env: { ...process.env, DATABASE_URL: databaseUrl },
      stdio: ["ignore", "ignore", silent ? "ignore" : "inherit"],
    });
    this.#ended = once(this.#child, "exit");
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Kills the process without warning: no handler runs, nothing is cleaned up. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }

  /** Waits for its end and answers the exit code. */
  async end(): Promise<number | null> {
    const [code] = await this.#ended;
    return typeof code === "number" ? code : null;
  }
}
