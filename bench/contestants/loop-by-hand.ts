import { fileURLToPath } from "node:url";
import { runChild } from "../child.ts";
import type { Contestant, Outcome, Task } from "../contestant.ts";

/** A program beside this file that does the task with `pg` alone. */
export class LoopByHand implements Contestant {
  readonly name: string;
  readonly what: string;
  readonly slow = false;
  readonly task: Task;
  readonly #program: string;
  readonly #parameters: readonly string[];

  /** `program` is its path from here; it gets the database's address and the parameters. */
  constructor(
    name: string,
    what: string,
    program: string,
    {
      task = "word count",
      parameters = [],
    }: { readonly task?: Task; readonly parameters?: readonly string[] } = {},
  ) {
    this.name = name;
    this.what = what;
    this.task = task;
    this.#program = fileURLToPath(new URL(program, import.meta.url));
    this.#parameters = parameters;
  }

  async unavailable(): Promise<undefined> {
    return undefined;
  }

  async run(databaseUrl: string): Promise<Outcome> {
    const line = [this.#program, databaseUrl, ...this.#parameters];
    const { stdout, ...measured } = await runChild(process.execPath, line);
    return { ...measured, rows: Number(stdout.trim()) };
  }
}
