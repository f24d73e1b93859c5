import { setTimeout as delay } from "node:timers/promises";
import { messageOf, TidefillError } from "../errors.ts";
import { within } from "../within.ts";
import type { Account } from "./account.ts";
import { type DataDirectory, serverEnvironment } from "./data-directory.ts";
import type { Guard } from "./guard.ts";
import type { Ended, StopSignal } from "./guardian.ts";
import { lastLines } from "./last-lines.ts";
import { knock, localUrl } from "./local-url.ts";
import { livePostmaster } from "./postmaster.ts";

/** `fast` writes a checkpoint, `immediate` is a crash: the next start recovers from the log. */
export type StopMode = "fast" | "immediate";

interface ServerParts {
  readonly guard: Guard;
  readonly files: DataDirectory;
  readonly postgres: string;
  readonly account: Account | undefined;
  readonly settings: Readonly<Record<string, string>>;
}

const startPatience = 120_000;
const stopPatience = 30_000;

/** One PostgreSQL server under a guardian; it may be started and stopped many times. */
export class Server {
  readonly port: number;
  readonly password: string;
  readonly #parts: ServerParts;
  #ended: Promise<Ended> | undefined;

  constructor(parts: ServerParts, port: number, password: string) {
    this.#parts = parts;
    this.port = port;
    this.password = password;
  }

  /** Resolves to undefined when the server answers, or to how it ended instead. */
  async start(): Promise<Ended | undefined> {
    let ended: Ended | undefined;
    this.#ended = this.#run().then((end) => {
      ended = end;
      return end;
    });
    const url = localUrl(this.port, this.password, "postgres");
    let refusal: unknown;
    for (const deadline = Date.now() + startPatience; Date.now() < deadline; await delay(20)) {
      if (ended !== undefined) return ended;
      refusal = await knock(url);
      if (refusal === undefined) return undefined;
    }
    await this.stop("immediate");
    throw new TidefillError(
      "embedded-start",
      `PostgreSQL was started, but does not answer: ${messageOf(refusal)}`,
      {
        remedy: `Look into ${this.#parts.files.log}.`,
        cause: refusal,
      },
    );
  }

  /** Resolves when the server has ended; a stronger signal follows one that takes too long. */
  async stop(mode: StopMode): Promise<void> {
    const signals: readonly StopSignal[] =
      mode === "fast" ? ["SIGINT", "SIGQUIT", "SIGKILL"] : ["SIGQUIT", "SIGKILL"];
    for (const signal of signals) {
      if (this.#ended === undefined) return;
      this.#parts.guard.signal(signal);
      if ((await within(stopPatience, this.#ended)) !== undefined) this.#ended = undefined;
    }
  }

  /** The error of a start that failed. */
  async failure(ended: Ended): Promise<TidefillError> {
    const why = ended.failure ?? (await lastLines(this.#parts.files.log));
    return new TidefillError(
      "embedded-start",
      `PostgreSQL did not start in ${this.#parts.files.root}:\n${why}`,
      {
        remedy: `The whole log is in ${this.#parts.files.log}.`,
      },
    );
  }

  #run(): Promise<Ended> {
    const { guard, files, postgres, account, settings } = this.#parts;
    const args = ["-D", files.data, "-p", String(this.port)];
    for (const [name, value] of Object.entries({ ...ownSettings, ...settings }))
      args.push("-c", `${name}=${value}`);
    const environment = serverEnvironment();
    return guard.run({ file: postgres, args, directory: files.root, environment, log: files.log, account });
  }
}

/** Reachable only over the loopback, and only by password. */
const ownSettings: Readonly<Record<string, string>> = {
  cluster_name: "tidefill",
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  logging_collector: "off",
  log_destination: "stderr",
  shared_buffers: "128MB",
};

/** Kills a server whose guardian was killed and can no longer do it. */
export async function killOrphan(data: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const postmaster = await livePostmaster(data);
    if (postmaster === undefined) return;
    try {
      process.kill(postmaster.pid, tries < 100 ? "SIGINT" : "SIGKILL");
    } catch {
      return;
    }
    await delay(50);
  }
}
