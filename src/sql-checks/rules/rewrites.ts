import { alterations } from "../syntax/alterations.ts";
import { nameOf } from "../syntax/names.ts";
import type { Rule } from "../syntax/rule.ts";
import { isOn } from "./is-on.ts";

/**
 * `set unlogged` and `set logged` rewrite the table under a lock that blocks reads and writes. `set logged`
 * also writes the whole table to the WAL.
 *
 * ```sql
 * alter table app.cache set unlogged;
 * ```
 *
 * Instead, create a new table and move the rows with a job:
 *
 * ```sql
 * create unlogged table app.cache_new (like app.cache including all);
 * ```
 */
export const changePersistence: Rule = {
  code: "change-persistence",
  reason: "PostgreSQL rewrites the whole table, and blocks reads and writes meanwhile.",
  safeForm: "Create a table of the other kind, move the rows in batches, and switch the application to it.",
  find: (statement) => alterations(statement, "AT_SetLogged", "AT_SetUnLogged"),
};

/**
 * PostgreSQL copies the whole table or index under a lock that blocks reads and writes.
 *
 * ```sql
 * alter table app.events set tablespace fast;
 * ```
 *
 * Instead, create a new table and move the rows with a job; for an index, create a new index:
 *
 * ```sql
 * create table app.events_new (like app.events including all) tablespace fast;
 * ```
 *
 * ```sql
 * create index concurrently events_at_fast on app.events (at) tablespace fast;
 * ```
 */
export const setTablespace: Rule = {
  code: "set-tablespace",
  reason:
    "PostgreSQL copies the whole table or index to the other disk, and blocks reads and writes meanwhile.",
  safeForm: "Create a table or, concurrently, an index in the other tablespace, and drop the old one later.",
  find: (statement) => {
    if (!("AlterTableMoveAllStmt" in statement)) return alterations(statement, "AT_SetTableSpace");
    return [{ table: null, part: statement.AlterTableMoveAllStmt.orig_tablespacename ?? null }];
  },
};

/**
 * If the method differs from the present one, PostgreSQL rewrites the table under a lock that blocks reads
 * and writes.
 *
 * ```sql
 * alter table app.events set access method columnar;
 * ```
 *
 * Instead, create a new table and move the rows with a job:
 *
 * ```sql
 * create table app.events_new (like app.events including all) using columnar;
 * ```
 */
export const setAccessMethod: Rule = {
  code: "set-access-method",
  reason: "PostgreSQL rewrites the whole table, and blocks reads and writes meanwhile.",
  safeForm: "Create a table with the other access method, and move the rows in batches.",
  find: (statement) => alterations(statement, "AT_SetAccessMethod"),
};

/**
 * PostgreSQL rewrites the table in the order of an index, under a lock that blocks reads and writes. The next
 * update puts rows out of order again.
 *
 * ```sql
 * cluster app.events using events_at_idx;
 * ```
 *
 * Instead, leave the order to the index. To reclaim space, use `pg_repack`, or a plain `vacuum`:
 *
 * ```sql
 * vacuum (analyze) app.events;
 * ```
 */
export const clusterTable: Rule = {
  code: "cluster-table",
  reason:
    "PostgreSQL rewrites the whole table in the order of an index, and blocks reads and writes meanwhile.",
  safeForm: "Leave the order to the index; to shrink a table in use, run pg_repack.",
  find: (statement) =>
    "ClusterStmt" in statement ? [{ table: nameOf(statement.ClusterStmt.relation), part: null }] : [],
};

/**
 * PostgreSQL rewrites the table under a lock that blocks reads and writes. A plain `vacuum` makes the space
 * usable again without such a lock.
 *
 * ```sql
 * vacuum full app.events;
 * ```
 *
 * Instead:
 *
 * ```sql
 * vacuum (analyze) app.events;
 * ```
 */
export const vacuumFull: Rule = {
  code: "vacuum-full",
  reason: "PostgreSQL rewrites the whole table, and blocks reads and writes meanwhile.",
  safeForm: "Run a plain vacuum, which makes the space usable again; to shrink the file, run pg_repack.",
  find: (statement) => {
    if (!("VacuumStmt" in statement) || !isOn("full", statement.VacuumStmt.options)) return [];
    const tables = (statement.VacuumStmt.rels ?? []).flatMap((node) =>
      "VacuumRelation" in node ? [nameOf(node.VacuumRelation.relation)] : [],
    );
    return (tables.length === 0 ? [null] : tables).map((table) => ({ table, part: null }));
  },
};
