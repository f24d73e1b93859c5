import { type ChildProcessByStdio, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { Socket } from "node:net";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { ownModule } from "../own-package.ts";
import type { Command, Ended, Order, StopSignal } from "./guardian.ts";

type GuardianProcess = ChildProcessByStdio<Writable, Readable, null>;

/** Our end of the guardian: runs one command at a time, which cannot outlive this process. */
export class Guard {
  readonly #guardian: GuardianProcess;
  /** Whether the guardian ended as it should, and thus left nothing behind. */
  readonly #gone: Promise<boolean>;
  readonly #toRemove: string[] = [];
  #finish: ((ended: Ended) => void) | undefined;

  /** The guardian's own output goes to `log`. */
  constructor(log: string) {
    this.#guardian = startGuardian(log);
    this.#gone = new Promise((resolve) => {
      const gone = (failure: string, code: number | null): void => {
        this.#ended({ code: null, failure });
        resolve(code === 0);
      };
      this.#guardian.once("error", (error) => gone(error.message, null));
      this.#guardian.once("exit", (code) => gone("the process that guards it has ended", code));
    });
    // The exit event tells that the guardian is gone.
    this.#guardian.stdin.on("error", () => {});
    createInterface({ input: this.#guardian.stdout }).on("line", (line) =>
      this.#ended(JSON.parse(line) as Ended),
    );
  }

  /** Resolves when the command has ended, however it ended. */
  run(command: Command): Promise<Ended> {
    return new Promise((resolve) => {
      this.#finish = resolve;
      this.#send({ order: "run", command });
      // A guardian that is already gone will not answer.
      void this.#gone.then(() =>
        this.#ended({ code: null, failure: "the process that guards it has ended" }),
      );
    });
  }

  signal(signal: StopSignal): void {
    this.#send({ order: "signal", signal });
  }

  /** Has the guardian remove the path, with its contents, when it ends: also when this process is killed. */
  removeAtEnd(path: string): void {
    this.#toRemove.push(path);
    this.#send({ order: "remove-at-end", path });
  }

  /**
   * Resolves when the guardian has stopped its command and removed temporary files; to false when the
   * guardian was killed, so that its command may still be running.
   */
  async release(): Promise<boolean> {
    this.ref();
    this.#guardian.stdin.end();
    return this.#gone;
  }

  /** Removes what a killed guardian could no longer remove. */
  async removeInItsPlace(): Promise<void> {
    for (const path of this.#toRemove) await rm(path, removal);
  }

  /**
   * Keeps the event loop alive while we wait for an answer; a server that merely runs must not keep it alive.
   */
  ref(): void {
    this.#guardian.ref();
    for (const pipe of this.#pipes()) pipe.ref();
  }

  unref(): void {
    this.#guardian.unref();
    for (const pipe of this.#pipes()) pipe.unref();
  }

  #pipes(): Socket[] {
    return [this.#guardian.stdin, this.#guardian.stdout].filter((pipe) => pipe instanceof Socket);
  }

  #send(order: Order): void {
    this.#guardian.stdin.write(`${JSON.stringify(order)}\n`);
  }

  #ended(ended: Ended): void {
    const finish = this.#finish;
    this.#finish = undefined;
    finish?.(ended);
  }
}

/** Backends of a killed server need a moment to notice, and may still write. */
export const removal = { recursive: true, force: true, maxRetries: 20, retryDelay: 100 } as const;

function startGuardian(log: string): GuardianProcess {
  const output = openSync(log, "a", 0o600);
  try {
    return spawn(process.execPath, guardianProgram(), {
      cwd: dirname(process.execPath),
      // jiti's cache would be in a temporary directory that other users may write to.
      env: { ...environmentWithout(/^NODE_/), JITI_FS_CACHE: "false" },
      detached: true,
      stdio: ["pipe", "pipe", output],
      windowsHide: true,
    }) as GuardianProcess;
  } finally {
    closeSync(output);
  }
}

/** Built, the guardian is JavaScript; in a checkout it is TypeScript, which Node 20 needs help to read. */
function guardianProgram(): string[] {
  const { path, isSource } = ownModule("embedded/guardian");
  if (!isSource) return [path];
  const cli = createRequire(import.meta.url)
    .resolve("jiti/package.json")
    .replace(/package\.json$/, "lib/jiti-cli.mjs");
  return [cli, path];
}

/**
 * Our environment without some names: `PG*` would change what the server does, `NODE_*` what the guardian
 * does.
 */
export function environmentWithout(names: RegExp): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && !names.test(entry[0]),
    ),
  );
}
