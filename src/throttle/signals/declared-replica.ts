import { shownAddress } from "../../postgres/connection/address.ts";
import { createPool } from "../../postgres/connection/create-pool.ts";
import { sql } from "../../postgres/sql/sql.ts";
import { Database, type Queryable } from "../../postgres/transaction/database.ts";
import { within } from "../../within.ts";
import { SignalBlindError } from "../signal.ts";

const longestAnswerMs = 1_000;

/** A standby that is asked directly for its position: one that is declared by its address. */
export class DeclaredReplica {
  readonly #url: string;
  #db: Database | null = null;

  constructor(url: string) {
    this.#url = url;
  }

  /** Its address without a password. */
  get name(): string {
    return shownAddress(this.#url);
  }

  /** How far it has replayed. @throws SignalBlindError when it does not answer or is no standby of ours */
  async read(primary: Queryable): Promise<{ readonly name: string; readonly position: number }> {
    this.#db ??= new Database(
      createPool({
        connectionString: this.#url,
        applicationName: "tidefill replica",
        maxConnections: 1,
        connectionTimeoutMs: longestAnswerMs,
      }),
    );
    const asked = sql`select pg_catalog.pg_is_in_recovery() as is_standby,
      pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_last_wal_replay_lsn(), '0/0') as position,
      (select system_identifier from pg_catalog.pg_control_system()) as system`;
    const answer = await this.#db
      .rolledBack((tx) => tx.query(asked), { statementMs: longestAnswerMs, wholeMs: 2 * longestAnswerMs })
      .catch(() => null);
    const row = answer?.rows[0];
    if (row === undefined) throw new SignalBlindError(`${this.name} does not answer`);
    if (row.is_standby !== "t" || row.position == null)
      throw new SignalBlindError(`${this.name} is not a standby`);
    const { rows } = await primary.query(
      sql`select system_identifier as system from pg_catalog.pg_control_system()`,
    );
    if (rows[0]?.system !== row.system)
      throw new SignalBlindError(`${this.name} is a standby of another server`);
    return { name: this.name, position: Number(row.position) };
  }

  async close(): Promise<void> {
    if (this.#db !== null) await within(1_000, this.#db.close());
  }
}
