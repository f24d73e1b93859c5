import type { TestDatabase } from "../database/test-database.ts";

/** The schema that holds the killer, beside tidefill's own. */
export const killerSchema = "tidefill_testing";

/**
 * Kills batches of a run in a database where tidefill is installed: some by their number, when everything is
 * written and only the commit is missing; or all that are under way at once.
 */
export class Killer {
  readonly #database: TestDatabase;
  readonly #victims: readonly number[];

  private constructor(database: TestDatabase, victims: readonly number[]) {
    this.#database = database;
    this.#victims = victims;
  }

  /**
   * `victims` are the numbers of the attempts at a batch to kill, counted from 1; killed attempts count, too.
   */
  static async install(database: TestDatabase, victims: readonly number[]): Promise<Killer> {
    // A sequence keeps counting when a transaction is rolled back.
    await database.query(`
      create schema ${killerSchema};
      create sequence ${killerSchema}.attempt;
      create function ${killerSchema}.kill() returns trigger language plpgsql as $$
      begin
        if pg_catalog.nextval('${killerSchema}.attempt') = any (array[${victims.join(", ")}]::bigint[]) then
          perform pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid());
          perform pg_catalog.pg_sleep(60);
        end if;
        return new;
      end $$;
      create trigger kill
      before update on tidefill.range
      for each row
      when (new.rows_read > old.rows_read)
      execute function ${killerSchema}.kill()`);
    return new Killer(database, victims);
  }

  /** Ends all connections of tidefill. */
  async strike(): Promise<void> {
    await this.#database.query(`
      select pg_terminate_backend(pid)
      from pg_stat_activity
      where datname = current_database()
        and application_name like 'tidefill%'`);
  }

  /** Frees the leases of a killed process, as the next process on its machine does. */
  async release(): Promise<void> {
    await this.#database.query(`
      update tidefill.range
      set status = 'free', token = null, worker = null, lease_expires_at = null
      where status = 'leased';
      delete from tidefill.worker`);
  }

  /** How many batches were killed by their number. */
  async count(): Promise<number> {
    const [row] = await this.#database.query<{ attempts: number }>(
      `select case when is_called then last_value else 0 end::integer as attempts from ${killerSchema}.attempt`,
    );
    const attempts = row?.attempts ?? 0;
    return this.#victims.filter((victim) => victim <= attempts).length;
  }
}
