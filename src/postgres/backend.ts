import { randomUUID } from "node:crypto";
import type pg from "pg";
import { type Sql, sql } from "./sql.ts";

/** Who does a statement, as another session sees it. */
export interface Backend {
  /** its process id; null while it does no such statement */
  readonly pid: Sql;
  /** false where it waits for a lock until it is cancelled: behind a pooler settings would become those of somebody else */
  readonly endsItsWaits: boolean;
}

export async function pidOf(client: pg.PoolClient): Promise<string> {
  const { rows } = await client.query<{ readonly pid: string }>("select pg_catalog.pg_backend_pid() as pid");
  return rows[0]?.pid ?? "";
}

/** Whether a pooler stands before this backend: it greets its clients with a process id that it makes up. */
export function isPooled(client: pg.PoolClient, pid: string): boolean {
  return (client as unknown as { readonly processID: number | null }).processID !== Number(pid);
}

/** A statement that can be told from all others, and whoever does it, on whatever connection. */
export function marked(text: string): { readonly markedText: string; readonly backend: Backend } {
  const mark = `/* tidefill ${randomUUID()} */`;
  const pid = sql`(
    select pid
    from pg_catalog.pg_stat_activity
    where state = 'active' and pg_catalog.starts_with(query, ${mark}))`;
  return { markedText: `${mark} ${text}`, backend: { pid, endsItsWaits: false } };
}
