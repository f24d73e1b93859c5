import type { Queryable } from "../postgres/database.ts";
import { type Sql, sql } from "../postgres/sql.ts";
import { sqlTokens } from "../postgres/sql-tokens.ts";

/** A session that holds a lock which a step needs. */
export interface InTheWay {
  readonly pid: number;
  readonly user: string;
  readonly application: string;
  /** `active`, `idle in transaction`, … */
  readonly state: string;
  /** how long its transaction has lasted */
  readonly seconds: number;
  /** its statement, or its last one, without its values */
  readonly statement: string;
}

const mostShown = 3;

/** For whom a backend waits, the oldest transaction first; statements of others are hidden from roles without `pg_monitor`. */
export async function whoIsInTheWay(db: Queryable, pid: Sql): Promise<InTheWay[]> {
  const { rows } = await db.query(sql`
    select pid, a.usename, coalesce(nullif(a.application_name, ''), a.backend_type) as application_name, a.state, a.query,
      extract(epoch from pg_catalog.clock_timestamp() - a.xact_start) as seconds
    from pg_catalog.unnest(pg_catalog.pg_blocking_pids(${pid})) as blocking (pid)
    join pg_catalog.pg_stat_activity as a using (pid)
    order by seconds desc nulls last
    limit ${mostShown}`);
  return rows.map((row) => ({
    pid: Number(row.pid),
    user: row.usename ?? "",
    application: row.application_name ?? "",
    state: row.state ?? "",
    seconds: Math.max(0, Number(row.seconds ?? 0)),
    statement: withoutValues(row.query ?? ""),
  }));
}

/** Who it is, for people: `process 4711 of shop (reports)`; what the server does by itself has no user. */
export function shownSession({ pid, user, application }: InTheWay): string {
  return `process ${pid}${user === "" ? "" : ` of ${user}`} (${application})`;
}

const tokens = new RegExp([...Object.values(sqlTokens), String.raw`(?<![\w$])\d[\w.]*`].join("|"), "g");

/** A statement whose literals read `?`, on one line and not too long: a value in it may be anybody's. */
export function withoutValues(query: string): string {
  // Where a backslash stands before a quote, only the session's settings tell where the literal ends.
  if (/\\'/.test(query)) return `${/^\s*\w*/.exec(query)?.[0].trim() ?? ""} …`;
  const shown = query
    .replaceAll(tokens, (...found: readonly unknown[]) => {
      const { name, comment } = found.at(-1) as { readonly name?: string; readonly comment?: string };
      if (comment !== undefined) return " ";
      return name ?? "?";
    })
    .replaceAll(/\s+/g, " ")
    .trim();
  return shown.length > 200 ? `${shown.slice(0, 199)}…` : shown;
}
