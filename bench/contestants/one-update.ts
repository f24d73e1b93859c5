import pg from "pg";
import { runChild, works } from "../child.ts";
import type { Contestant, Outcome } from "../contestant.ts";
import { wordCount } from "../word-count.ts";

const statement = `
update essay_submission_essay
set computed_word_count = ${wordCount}
where computed_word_count is null`;

/** One statement, one transaction: the fastest way for a table that nobody else uses. */
export class OneUpdate implements Contestant {
  readonly name = "one-update";
  readonly what = "one `update` of the whole table in one transaction, by psql where there is one";
  readonly slow = false;

  async unavailable(): Promise<undefined> {
    return undefined;
  }

  async run(databaseUrl: string): Promise<Outcome> {
    return (await works("psql", "--version")) ? byPsql(databaseUrl) : byDriver(databaseUrl);
  }
}

async function byPsql(databaseUrl: string): Promise<Outcome> {
  const args = ["--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--command", statement, databaseUrl];
  const { stdout, seconds } = await runChild("psql", args);
  return { seconds, rows: Number(/^UPDATE (\d+)$/m.exec(stdout)?.[1]) };
}

async function byDriver(databaseUrl: string): Promise<Outcome> {
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
