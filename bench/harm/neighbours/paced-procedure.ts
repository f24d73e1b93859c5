import pg from "pg";
import { connected } from "../../connected.ts";
import { procedure } from "../../contestants/procedure.ts";
import { type Begun, batchRows, type Neighbour } from "../neighbour.ts";

/** The loop inside the database that a careful engineer writes: 1,000 rows by key, commit, pause. */
export class PacedProcedure implements Neighbour {
  readonly name = "procedure";

  async begin(databaseUrl: string, rowsPerSecond: number | null): Promise<Begun> {
    const client = new pg.Client({ connectionString: databaseUrl });
    let isKilled = false;
    client.on("error", () => {});
    await client.connect();
    await client.query(procedure);
    const ended = client
      .query("call fill_word_counts(null, $1, $2)", [batchRows(1_000, rowsPerSecond), rowsPerSecond])
      .then(
        () => client.end(),
        (error: unknown) => {
          if (!isKilled) throw error;
        },
      );
    const kill = async (): Promise<void> => {
      isKilled = true;
      await terminate(databaseUrl);
      await ended;
    };
    return { ended, kill };
  }
}

async function terminate(databaseUrl: string): Promise<void> {
  await connected(databaseUrl, (client) =>
    client.query(`
      select pg_terminate_backend(pid)
      from pg_stat_activity
      where datname = current_database()
        and query like 'call fill_word_counts%'`),
  );
}
