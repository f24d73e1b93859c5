import { access } from "node:fs/promises";
import type { Reading, Signal } from "../signal.ts";

/** Holds every run of a machine with one command: `touch stop-backfills`. */
export class StopFile implements Signal {
  readonly name = "stop file";
  readonly everyMs = 500;
  readonly onError = "ignore";
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async read(): Promise<Reading | null> {
    const isThere = await access(this.#path).then(
      () => true,
      () => false,
    );
    return isThere ? { signal: this.name, utilization: 1, reason: `the file ${this.#path} is there` } : null;
  }
}
