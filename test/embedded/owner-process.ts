import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { ClusterOptions } from "../../src/embedded/cluster.ts";
import { spawnFromSource } from "../support/spawn-program.ts";

interface OwnerOptions {
  readonly cluster?: ClusterOptions;
  readonly uid?: number;
  /** Lets the program end by itself once the cluster is open. */
  readonly leave?: boolean;
}

const program = new URL("./owner.ts", import.meta.url);

/** A process in its own process group, as a shell starts it, that opens a cluster. */
export class OwnerProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly ended: Promise<number | null>;

  constructor({ cluster = {}, uid, leave = false }: OwnerOptions = {}) {
    this.#child = spawnFromSource(
      program,
      { cluster, stays: !leave },
      {
        detached: true,
        stdio: ["ignore", "pipe", "inherit"],
        env: { JITI_FS_CACHE: "false" },
        ...(uid === undefined ? {} : { uid, gid: uid }),
      },
    );
    this.ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#child.pid!;
  }

  async told(): Promise<Record<string, unknown>> {
    const line = await this.#lines.next();
    if (line.done) throw new Error("The process ended without telling.");
    return JSON.parse(line.value) as Record<string, unknown>;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Does what a terminal does at Ctrl-C. */
  interruptGroup(): void {
    process.kill(-this.pid, "SIGINT");
  }
}
