import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { defineSignal, type Signal } from "../signal.ts";

/** Holds every run of a machine with one command: `touch stop-backfills`. */
export function stopFile(path: string): Signal {
  return defineSignal({
    name: "stop file",
    everyMs: 500,
    async read() {
      const isThere = await access(path).then(
        () => true,
        () => false,
      );
      return isThere ? { utilization: 1, reason: `the file ${resolve(path)} is there` } : null;
    },
  });
}
