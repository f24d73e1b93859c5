import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ClusterOptions } from "../../src/embedded/cluster.ts";

interface OwnerOptions {
  readonly cluster?: ClusterOptions;
  readonly uid?: number;
  /** Lets the program end by itself once the cluster is open. */
  readonly leave?: boolean;
}

const jiti = createRequire(import.meta.url)
  .resolve("jiti/package.json")
  .replace("package.json", "lib/jiti-cli.mjs");
const program = fileURLToPath(new URL("./owner.ts", import.meta.url));

/** A process, in a process group of its own as a shell would make it, that opens a cluster. */
export class OwnerProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly ended: Promise<number | null>;

  constructor({ cluster = {}, uid, leave = false }: OwnerOptions = {}) {
    this.#child = spawn(
      process.execPath,
      [jiti, program, JSON.stringify(cluster), leave ? "leave" : "stay"],
      {
        detached: true,
        stdio: ["ignore", "pipe", "inherit"],
        env: { ...process.env, JITI_FS_CACHE: "false" },
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

  /** What a terminal does at Ctrl-C. */
  interruptGroup(): void {
    process.kill(-this.pid, "SIGINT");
  }
}
