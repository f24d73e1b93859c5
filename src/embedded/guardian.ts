/**
 * The program between tidefill and its PostgreSQL. It runs in a session of its own, so that Ctrl-C in the
 * terminal reaches neither of the two. Its orders come as lines of JSON on stdin. The end of stdin means that
 * the owner is gone, for any reason: then it stops its command, removes temporary files, and ends. (A pipe
 * and not Node's channel between processes: orders that are written before we start to read must not be
 * lost.)
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { within } from "../within.ts";
import type { Account } from "./account.ts";

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** stdout and stderr are appended here. */
  readonly log: string;
  readonly account?: Account | undefined;
}

export type StopSignal = "SIGINT" | "SIGQUIT" | "SIGKILL";

export type Order =
  | { readonly order: "run"; readonly command: Command }
  | { readonly order: "signal"; readonly signal: StopSignal }
  | { readonly order: "remove-at-end"; readonly path: string };

/** What is reported to the owner: the command has ended, or could not even be started. */
export interface Ended {
  readonly code: number | null;
  readonly failure?: string;
}

const patience = 5_000;
const signals: readonly StopSignal[] = ["SIGINT", "SIGQUIT", "SIGKILL"];

class Guardian {
  readonly #toRemove: string[] = [];
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();

  obey(order: Order): void {
    if (order.order === "remove-at-end") this.#toRemove.push(order.path);
    else if (order.order === "signal") this.#signal(order.signal);
    else this.#run(order.command);
  }

  /** Stops the command by ever stronger signals, and removes temporary files. */
  async end(): Promise<void> {
    for (const signal of signals) {
      if (this.#child === undefined) break;
      this.#signal(signal);
      await within(patience, this.#ended);
    }
    for (const path of this.#toRemove) {
      // Backends of a killed postmaster need a moment to notice, and may still write.
      await rm(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }).catch(console.error);
    }
  }

  #run(command: Command): void {
    const log = openSync(command.log, "a", 0o600);
    const child = spawn(command.file, command.args, {
      cwd: command.directory,
      env: command.environment,
      detached: true,
      stdio: ["ignore", log, log],
      ...command.account,
    });
    closeSync(log);
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      const end = (ended: Ended): void => {
        this.#child = undefined;
        process.stdout.write(`${JSON.stringify(ended)}\n`);
        resolve();
      };
      child.once("error", (error) => end({ code: null, failure: error.message }));
      child.once("exit", (code) => end({ code }));
    });
  }

  #signal(signal: StopSignal): void {
    const child = this.#child;
    if (child?.pid === undefined) return;
    if (process.platform !== "win32" || signal === "SIGKILL") child.kill(signal);
    // Windows has no signals; a postmaster listens for them on a pipe that pg_ctl knows.
    else
      execFile(
        join(dirname(child.spawnfile), "pg_ctl"),
        ["kill", signal.slice(3), String(child.pid)],
        () => {},
      );
  }
}

const guardian = new Guardian();
// Stopping a service signals every process of it; the guardian must end last.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
// The owner, who reads this, may be gone.
process.stdout.on("error", () => {});
const orders = createInterface({ input: process.stdin });
orders.on("line", (line) => guardian.obey(JSON.parse(line) as Order));
orders.on("close", () => {
  void guardian.end().finally(() => process.exit(0));
});
