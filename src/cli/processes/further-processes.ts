import { type ChildProcess, fork } from "node:child_process";
import type { EngineEvent, EventListener } from "../../engine/report/events.ts";
import { ownFile } from "../../own-package.ts";
import type { CommonSettings } from "../options/settings.ts";
import { emphasise, say } from "../terminal/output.ts";

/** How the further processes work: as the first one does. */
export interface Shared {
  readonly settings: CommonSettings;
  readonly workers?: number | undefined;
  readonly lease: string;
  readonly replica?: readonly string[] | undefined;
}

/** What happens in a further process and is reported as if it had happened in the first. */
const forwarded: ReadonlySet<EngineEvent["type"]> = new Set([
  "range planned",
  "range leased",
  "range released",
  "range done",
  "batch committed",
  "batch failed",
  "worker failed",
  "commit resolved",
  "lease lost",
  "row rejected",
  "sweep started",
  "signal blind",
]);

/** The variable in which a further process finds the standbys: their addresses may hold passwords. */
export const replicasVariable = "TIDEFILL_JOIN_REPLICAS";

const linesKept = 20;
/** Batches are over by then: what is still there hangs, and the database rolls its batches back. */
const longestEndMs = 60_000;

/**
 * Starts further processes for each run that a command works on, so that transforms use more than one core.
 * Their events go to the command's own listeners, as if there were one process.
 */
export class FurtherProcesses {
  readonly #count: number;
  readonly #shared: Shared;
  readonly #listeners: readonly EventListener[];
  readonly #children = new Map<ChildProcess, Promise<void>>();
  /** workers at work in the further processes, by the last that each said */
  readonly #workers = new Map<ChildProcess, { readonly workers: number; readonly busyWorkers: number }>();
  /** by range what tells that the lease of a further process is over */
  readonly #leases = new Map<ChildProcess, Map<bigint, EngineEvent>>();
  readonly #kill = (): void => {
    for (const child of this.#children.keys()) child.kill("SIGKILL");
  };
  #isStopping = false;

  /** `count` is how many processes there are beside the first. */
  constructor(count: number, shared: Shared, listeners: readonly EventListener[]) {
    this.#count = count;
    this.#shared = shared;
    this.#listeners = listeners;
    // A second Ctrl-C ends this process at once, and a terminal's signals do not end the further ones.
    process.on("exit", this.#kill);
  }

  /** Hears an event of the first process. */
  hear(event: EngineEvent): void {
    if (event.type === "run started") {
      for (let number = 2; number <= this.#count + 1; number += 1) this.#start(event.run, number);
    }
    this.#tell(event.type === "progress" ? this.#ofAll(event) : event);
  }

  /** Asks the processes to finish their batches, and starts no more. */
  stop(): void {
    this.#isStopping = true;
    this.#ask();
  }

  /** Asks those that are there to finish their batches, and waits until the last of them has ended. */
  async end(): Promise<void> {
    this.#ask();
    const late = setTimeout(this.#kill, longestEndMs);
    await Promise.all(this.#children.values());
    clearTimeout(late);
  }

  /** The same, at the end of the command. */
  async close(): Promise<void> {
    await this.end();
    process.off("exit", this.#kill);
  }

  #ask(): void {
    for (const child of this.#children.keys()) if (child.connected) child.send("stop", () => {});
  }

  #start(run: bigint, number: number): void {
    if (this.#isStopping) return;
    const { settings, replica } = this.#shared;
    const { databaseUrl } = settings;
    const child = fork(ownFile("bin/tidefill.js"), ["join", String(run), ...optionsOf(this.#shared)], {
      // Events have numbers of ranges, which JSON cannot carry.
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      // An address may hold a password, and every user of the machine can read a command line.
      env: {
        ...process.env,
        ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
        [replicasVariable]: JSON.stringify(replica ?? []),
      },
    });
    const lines = new LastLines(linesKept);
    child.stderr?.on("data", (text: Buffer) => lines.add(text.toString()));
    child.on("message", (event) => this.#hearFrom(child, number, event as EngineEvent));
    this.#children.set(child, this.#ended(child, number, lines));
  }

  async #ended(child: ChildProcess, number: number, lines: LastLines): Promise<void> {
    const how = await new Promise<string | null>((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("close", (code, signal) => resolve(code === 0 ? null : (signal ?? `exit code ${code}`)));
    });
    this.#children.delete(child);
    this.#workers.delete(child);
    // What a killed process had leased is no longer worked on.
    for (const event of this.#leases.get(child)?.values() ?? []) this.#tell(event);
    this.#leases.delete(child);
    // A terminal's signal also ends one that is still being loaded.
    if (how === null || this.#isStopping) return;
    const who = `Process ${number} of ${this.#count + 1} (pid ${child.pid ?? "unknown"})`;
    say(
      `${emphasise("yellow", "warning")} ${who} ended with ${how}; the remaining ones do its rows.${lines.indented()}`,
    );
  }

  #hearFrom(child: ChildProcess, number: number, event: EngineEvent): void {
    if (event.type === "progress") this.#workers.set(child, event);
    if (!forwarded.has(event.type)) return;
    const leases = this.#leases.get(child) ?? new Map<bigint, EngineEvent>();
    this.#leases.set(child, leases);
    if (event.type === "range leased") leases.set(event.range, { ...event, type: "range released" });
    if (event.type === "range done" || event.type === "range released" || event.type === "lease lost")
      leases.delete(event.range);
    this.#tell(Object.assign(event, { process: number }));
  }

  #tell(event: EngineEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #ofAll<Event extends { readonly workers: number; readonly busyWorkers: number }>(event: Event): Event {
    const all = [event, ...this.#workers.values()];
    const sum = (name: "workers" | "busyWorkers") => all.reduce((total, each) => total + each[name], 0);
    return { ...event, workers: sum("workers"), busyWorkers: sum("busyWorkers") };
  }
}

function optionsOf({ settings, workers, lease }: Shared): string[] {
  const { jobs, schema, embedded, passwordCommand } = settings;
  const options = { jobs, schema, lease, workers, embedded, "password-command": passwordCommand };
  return Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}=${value}`],
  );
}

/** The end of what a process has written. */
class LastLines {
  readonly #most: number;
  #text = "";

  constructor(most: number) {
    this.#most = most;
  }

  add(text: string): void {
    this.#text = `${this.#text}${text}`
      .split("\n")
      .slice(-this.#most - 1)
      .join("\n");
  }

  indented(): string {
    const lines = this.#text.split("\n").filter((line) => line !== "");
    return lines.map((line) => `\n  ${line}`).join("");
  }
}
