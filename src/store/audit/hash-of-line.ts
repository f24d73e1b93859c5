import { raw, type Sql, sql } from "../../postgres/sql/sql.ts";

/** The time of `line`, as the same text in every time zone. */
export const lineTime: Sql = raw(
  `pg_catalog.to_char(line.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`,
);

/**
 * What the hash of `line` must be: SHA-256 over the previous hash and all fields of the line as one JSON
 * array. JSON keeps the fields apart, and `jsonb` prints equal values as equal text.
 */
export const hashOfLine: Sql = sql`pg_catalog.sha256(line.previous || pg_catalog.convert_to(
          pg_catalog.jsonb_build_array(line.number, ${lineTime}, line.role, line.os_user, line.host, line.action,
            line.job, line.run_id, line.details)::text, 'UTF8'))`;
