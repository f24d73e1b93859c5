import { randomUUID } from "node:crypto";
import type pg from "pg";
import { type Sql, sql } from "../sql/sql.ts";

/** The process id of the backend that currently serves a connection. */
export async function pidOf(client: pg.PoolClient): Promise<string> {
  const { rows } = await client.query<{ readonly pid: string }>("select pg_catalog.pg_backend_pid() as pid");
  return rows[0]?.pid ?? "";
}

/** The same as SQL that gives null once the transaction is over: a pooler may give the backend away. */
export async function pidWhileOpen(client: pg.PoolClient): Promise<Sql> {
  const { rows } = await client.query<{ readonly pid: string; readonly begun: string }>(
    "select pg_catalog.pg_backend_pid() as pid, pg_catalog.now() as begun",
  );
  return sql`(
    select pid
    from pg_catalog.pg_stat_activity
    where pid = ${rows[0]?.pid}::integer and xact_start = ${rows[0]?.begun}::timestamptz)`;
}

/** Whether a pooler stands in front of this backend: it greets its clients with an invented process id. */
export function isPooled(client: pg.PoolClient, pid: string): boolean {
  return (client as unknown as { readonly processID: number | null }).processID !== Number(pid);
}

/** A statement with a unique mark, and SQL for the pid of the backend that runs it; null when none does. */
export function marked(text: string): { readonly markedText: string; readonly runsAs: Sql } {
  const mark = `/* tidefill ${randomUUID()} */`;
  const runsAs = sql`(
    select pid
    from pg_catalog.pg_stat_activity
    where state = 'active' and pg_catalog.starts_with(query, ${mark}))`;
  return { markedText: `${mark} ${text}`, runsAs };
}
