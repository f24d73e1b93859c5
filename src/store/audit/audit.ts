import { hostname, userInfo } from "node:os";
import { TidefillError } from "../../errors.ts";
import { raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import { Database, type Queryable, type Row } from "../../postgres/transaction/database.ts";
import type { StoreSchema } from "../schema/store-schema.ts";
import { type AuditCheck, checkAudit } from "./audit-check.ts";
import { hashOfLine, lineTime } from "./hash-of-line.ts";

/** Something that was done. `details` are stored as given: the caller leaves out what is confidential. */
export interface AuditEntry {
  readonly action: string;
  readonly job: string | null;
  readonly run: bigint | null;
  readonly details: Readonly<Record<string, unknown>>;
}

/** An entry as the trail holds it. */
export interface AuditLine extends AuditEntry {
  readonly number: bigint;
  /** ISO 8601 in UTC, with microseconds */
  readonly at: string;
  readonly role: string;
  readonly osUser: string;
  readonly host: string;
  /** the hash of the line before, in hex; empty in the first */
  readonly previous: string;
  readonly hash: string;
}

/** Who did what and when: only added to, each line bound to the one before it by a hash. */
export class Audit {
  readonly #schema: StoreSchema;

  constructor(schema: StoreSchema) {
    this.#schema = schema;
  }

  /**
   * Adds a line. Inside a transaction, the line commits with what it records, and other sessions that record
   * wait for that commit: record last, and keep the transaction short.
   * @throws TidefillError when the trail's head is gone: a line without it could not be told from a forged
   * one
   */
  async record(db: Queryable, entry: AuditEntry): Promise<void> {
    if (db instanceof Database) return db.transaction((tx) => this.#append(tx, entry));
    return this.#append(db, entry);
  }

  /** The newest `limit` lines, oldest first; only those of `run`, or before a line, when that is given. */
  async list(
    db: Queryable,
    wanted: {
      readonly run?: bigint | undefined;
      readonly before?: bigint | undefined;
      readonly limit: number;
    },
  ): Promise<AuditLine[]> {
    const { rows } = await db.query(sql`
      select line.*, ${lineTime} as at_utc,
        pg_catalog.encode(line.previous, 'hex') as previous_hex,
        pg_catalog.encode(line.hash, 'hex') as hash_hex
      from ${this.#schema.table("audit")} as line
      where ${ofRun(wanted.run)}
        and ${wanted.before === undefined ? raw("true") : sql`line.number < ${wanted.before}::bigint`}
      order by line.number desc
      limit ${wanted.limit}`);
    return rows.map(toLine).reverse();
  }

  /** How many lines there are; only those of `run` when it is given. */
  async count(db: Queryable, run?: bigint): Promise<number> {
    const { rows } = await db.query(sql`
      select count(*) as lines
      from ${this.#schema.table("audit")} as line
      where ${ofRun(run)}`);
    return Number(rows[0]?.lines ?? 0);
  }

  /**
   * Recomputes every hash. Finds lines that were altered, removed, added or swapped, runs without a line, and
   * the line whose hash (in hex) was `kept` elsewhere.
   */
  async check(db: Queryable, kept?: string): Promise<AuditCheck> {
    return checkAudit(db, this.#schema, kept);
  }

  async #append(tx: Queryable, entry: AuditEntry): Promise<void> {
    const audit = this.#schema.table("audit");
    const head = this.#schema.table("audit_head");
    // A separate statement: the next one must take its snapshot when no other session can add a line.
    const locked = await tx.query(sql`select from ${head} for update`);
    if (locked.rows.length === 0) throw headIsGone(this.#schema);
    // The chain continues from the head, not from the last line, so that a removed last line always shows.
    await tx.query(sql`
      with line as materialized (
        select
          greatest(head.number, (select max(number) from ${audit})) + 1 as number,
          pg_catalog.clock_timestamp() as at,
          session_user::text as role,
          ${osUser()}::text as os_user,
          ${hostname()}::text as host,
          ${entry.action}::text as action,
          ${entry.job}::text as job,
          ${entry.run}::bigint as run_id,
          ${toJsonb(entry.details)}::jsonb as details,
          head.hash as previous
        from ${head} as head
      ), added as (
        insert into ${audit} (number, at, role, os_user, host, action, job, run_id, details, previous, hash)
        select line.*, ${hashOfLine}
        from line
        returning number, hash
      )
      update ${head} as head
      set number = added.number,
        hash = added.hash
      from added`);
  }
}

function ofRun(run: bigint | undefined): Sql {
  return run === undefined ? raw("true") : sql`line.run_id = ${run}::bigint`;
}

function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    // In a container the process may run under a user id that the system has no name for.
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}

/** JSON that `jsonb` accepts for any text: a NUL or half a surrogate pair must not keep an event out. */
function toJsonb(details: Readonly<Record<string, unknown>>): string {
  const json = JSON.stringify(details, (_, each: unknown) =>
    typeof each === "bigint" ? each.toString() : each,
  );
  return json.replace(/\\(?:u0000|ud[89a-f]..|.)/g, (each) => (each.length === 6 ? "\ufffd" : each));
}

function headIsGone(schema: StoreSchema): TidefillError {
  return new TidefillError(
    "audit-broken",
    `The table ${schema.name}.audit_head lost its row, so nothing can be added to the audit trail.`,
    {
      remedy: "Restore that row from a backup; `tidefill audit --check` tells what else is missing.",
    },
  );
}

function toLine(row: Row): AuditLine {
  return {
    number: BigInt(row.number ?? 0),
    at: row.at_utc ?? "",
    role: row.role ?? "",
    osUser: row.os_user ?? "",
    host: row.host ?? "",
    action: row.action ?? "",
    job: row.job ?? null,
    run: row.run_id == null ? null : BigInt(row.run_id),
    details: JSON.parse(row.details ?? "{}"),
    previous: row.previous_hex ?? "",
    hash: row.hash_hex ?? "",
  };
}
