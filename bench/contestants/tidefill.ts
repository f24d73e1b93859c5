import { access } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { runChild } from "../child.ts";
import type { Contestant, Outcome, Task } from "../contestant.ts";

const program = fileURLToPath(new URL("../../bin/tidefill.js", import.meta.url));
const jobs = fileURLToPath(new URL("../jobs", import.meta.url));
/** Where tidefill and the server share a machine, more workers than cores wait for each other. */
const workers = Math.min(4, availableParallelism());

/** The part of `tidefill … --json` that is read here. */
interface Status {
  readonly status: string;
  readonly rows: { readonly written: number; readonly read: number };
}

/** tidefill as a user runs it: a process of its own, with a worker for each core and otherwise as it comes. */
export class Tidefill implements Contestant {
  readonly name: string;
  readonly what: string;
  readonly slow = false;
  readonly task: Task;
  readonly #command: readonly string[];
  readonly #before: readonly (readonly string[])[];

  /** `before` are commands that a user would have run earlier; they are not timed. */
  constructor(
    name: string,
    what: string,
    command: readonly string[],
    {
      task = "word count",
      before = [],
    }: {
      readonly task?: Task;
      readonly before?: readonly (readonly string[])[];
    } = {},
  ) {
    this.name = name;
    this.what = `${what}, ${workers} workers`;
    this.task = task;
    this.#command = command;
    this.#before = before;
  }

  async unavailable(): Promise<string | undefined> {
    return access(program).then(
      () => undefined,
      () => "bin/tidefill.js is not there",
    );
  }

  /** In a checkout the first start builds the program. */
  async prepare(databaseUrl: string): Promise<void> {
    await runChild(process.execPath, [program, "--version"]);
    for (const command of this.#before) await runChild(process.execPath, line(command, databaseUrl));
  }

  async run(databaseUrl: string): Promise<Outcome> {
    const { stdout, ...measured } = await runChild(process.execPath, line(this.#command, databaseUrl));
    const { status, rows } = JSON.parse(stdout) as Status;
    if (status !== "succeeded") throw new Error(`tidefill ${this.#command.join(" ")} ended as ${status}.`);
    return { ...measured, rows: this.task === "compare" ? rows.read : rows.written };
  }
}

function line(command: readonly string[], databaseUrl: string): string[] {
  const how = ["--jobs", jobs, "--database-url", databaseUrl, "--workers", String(workers), "--json"];
  return [program, ...command, ...how];
}
