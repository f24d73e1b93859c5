import pg from "pg";
import { runChild, works } from "../child.ts";
import type { Contestant, Outcome, Task } from "../contestant.ts";

/** One statement by psql, or by the driver where there is no psql. */
export class SqlStatement implements Contestant {
  readonly name: string;
  readonly what: string;
  readonly slow = false;
  readonly task: Task;
  readonly #statement: string;
  readonly #before: string;

  /** `before` is what a user would have done earlier; it is not timed. */
  constructor(name: string, what: string, statement: string, task: Task = "word count", before = "") {
    this.name = name;
    this.what = what;
    this.task = task;
    this.#statement = statement;
    this.#before = before;
  }

  async unavailable(): Promise<undefined> {
    return undefined;
  }

  async prepare(databaseUrl: string): Promise<void> {
    if (this.#before !== "") await byDriver(databaseUrl, this.#before);
  }

  async run(databaseUrl: string): Promise<Outcome> {
    const outcome = (await works("psql", "--version"))
      ? await byPsql(databaseUrl, this.#statement)
      : await byDriver(databaseUrl, this.#statement);
    if (this.task !== "compare") return outcome;
    return { ...outcome, rows: await countEssays(databaseUrl) };
  }
}

async function byPsql(databaseUrl: string, statement: string): Promise<Outcome> {
  const args = ["--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--command", statement, databaseUrl];
  const { stdout, seconds } = await runChild("psql", args, { isWatched: false });
  return { seconds, rows: Number(/^(?:UPDATE|INSERT 0) (\d+)$/m.exec(stdout)?.[1]) };
}

async function byDriver(databaseUrl: string, statement: string): Promise<Outcome> {
  const begun = performance.now();
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query(statement);
    return { seconds: (performance.now() - begun) / 1_000, rows: rowCount ?? 0 };
  } finally {
    await client.end();
  }
}

async function countEssays(databaseUrl: string): Promise<number> {
  return (await byDriver(databaseUrl, "select id from essay_submission_essay")).rows;
}
