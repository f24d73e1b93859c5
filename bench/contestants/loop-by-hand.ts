import { fileURLToPath } from "node:url";
import { runChild } from "../child.ts";
import type { Contestant, Outcome } from "../contestant.ts";

/** A program beside this file that does the task with `pg` alone. */
export class LoopByHand implements Contestant {
  readonly name: string;
  readonly what: string;
  readonly slow = false;

  /** `name` is the program's, too. */
  constructor(name: "loop-by-hand" | "least-work", what: string) {
    this.name = name;
    this.what = what;
  }

  async unavailable(): Promise<undefined> {
    return undefined;
  }

  async run(databaseUrl: string): Promise<Outcome> {
    const program = fileURLToPath(new URL(`${this.name}.js`, import.meta.url));
    const { stdout, ...measured } = await runChild(process.execPath, [program, databaseUrl]);
    return { ...measured, rows: Number(stdout.trim()) };
  }
}
