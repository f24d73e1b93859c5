import { access } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { runChild } from "../child.ts";
import type { Contestant, Outcome } from "../contestant.ts";

const program = fileURLToPath(new URL("../../bin/tidefill.js", import.meta.url));
const jobs = fileURLToPath(new URL("../jobs", import.meta.url));
const workers = 4;

/** The end of `tidefill run --json`, as far as it is read here. */
interface Status {
  readonly status: string;
  readonly rows: { readonly written: number | string };
}

/** tidefill as a user runs it: a process of its own, everything on that is on unless told otherwise. */
export class Tidefill implements Contestant {
  readonly name: string;
  readonly what: string;
  readonly slow = false;
  readonly #job: string;

  constructor(name: string, job: string, what: string) {
    this.name = name;
    this.what = `${what}, ${workers} workers`;
    this.#job = job;
  }

  async unavailable(): Promise<string | undefined> {
    return access(program).then(
      () => undefined,
      () => "bin/tidefill.js is not there",
    );
  }

  /** In a checkout the first start builds the program. */
  async prepare(): Promise<void> {
    await runChild(process.execPath, [program, "--version"]);
  }

  async run(databaseUrl: string): Promise<Outcome> {
    const where = ["--jobs", jobs, "--database-url", databaseUrl];
    const how = ["--workers", String(workers), "--again", "--json"];
    const command = [program, "run", this.#job, ...where, ...how];
    const { stdout, ...measured } = await runChild(process.execPath, command);
    const { status, rows } = JSON.parse(stdout) as Status;
    if (status !== "succeeded") throw new Error(`tidefill run ${this.#job} ended as ${status}.`);
    return { ...measured, rows: Number(rows.written) };
  }
}
