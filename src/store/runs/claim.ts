import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { pid } from "node:process";
import { sql } from "../../postgres/sql/sql.ts";
import type { Database, Queryable } from "../../postgres/transaction/database.ts";
import type { StoreSchema } from "../schema/store-schema.ts";
import { isAlive } from "./is-alive.ts";

const leaseMs = 10_000;

/** The process that holds a claim. */
export interface ClaimHolder {
  readonly host: string;
  readonly process: number;
}

/**
 * Work that one process does alone. Behind a pooler a session's advisory lock does not hold, so a claim is a
 * lease that runs out when its holder is not heard of. Callers must tolerate two holders for a moment.
 */
export class Claim {
  readonly #db: Database;
  readonly #schema: StoreSchema;
  readonly #name: string;
  readonly #holder = randomUUID();
  #timer: NodeJS.Timeout | undefined;

  constructor(db: Database, schema: StoreSchema, name: string) {
    this.#db = db;
    this.#schema = schema;
    this.#name = name;
  }

  /**
   * Takes the claim when it is free or its holder is dead, and renews it until `giveBack`. Returns null on
   * success, otherwise the holder.
   */
  async take(): Promise<ClaimHolder | null> {
    if (!(await this.#renew())) {
      const holder = await holderOf(this.#db, this.#schema, this.#name);
      if (holder === null || !isGone(holder)) return holder ?? { host: "", process: 0 };
      await this.#evict(holder);
      if (!(await this.#renew())) return holder;
    }
    this.#timer = setInterval(() => void this.#renew().catch(() => {}), leaseMs / 3);
    return null;
  }

  async giveBack(): Promise<void> {
    clearInterval(this.#timer);
    await this.#db.query(sql`
      delete from ${this.#schema.table("claim")}
      where name = ${this.#name}
        and holder = ${this.#holder}::uuid`);
  }

  async #renew(): Promise<boolean> {
    const { count } = await this.#db.query(sql`
      insert into ${this.#schema.table("claim")} as held (name, holder, host, process, expires_at)
      values (${this.#name}, ${this.#holder}::uuid, ${hostname()}, ${pid},
        pg_catalog.clock_timestamp() + ${leaseMs} * interval '1 ms')
      on conflict (name) do update
      set holder = excluded.holder,
        host = excluded.host,
        process = excluded.process,
        expires_at = excluded.expires_at
      where held.holder = excluded.holder
        or held.expires_at < pg_catalog.clock_timestamp()`);
    return count > 0;
  }

  async #evict({ host, process }: ClaimHolder): Promise<void> {
    await this.#db.query(sql`
      delete from ${this.#schema.table("claim")}
      where name = ${this.#name}
        and host = ${host}
        and process = ${process}`);
  }
}

/** The holder of a claim that has not run out; null when there is none. */
export async function holderOf(
  db: Queryable,
  schema: StoreSchema,
  name: string,
): Promise<ClaimHolder | null> {
  const { rows } = await db.query(sql`
    select host, process
    from ${schema.table("claim")}
    where name = ${name}
      and expires_at > pg_catalog.clock_timestamp()`);
  const [row] = rows;
  return row === undefined ? null : { host: row.host ?? "", process: Number(row.process) };
}

/** Whether the holder is dead. For a process on another machine that is unknown until its lease ends. */
function isGone({ host, process }: ClaimHolder): boolean {
  return host === hostname() && !isAlive(process);
}
