import { alterations } from "../syntax/alterations.ts";
import { nameOf } from "../syntax/names.ts";
import type { Rule } from "../syntax/rule.ts";
import { isOn } from "./is-on.ts";

/**
 * `set unlogged` and `set logged` write the table anew under a lock against reading and writing; the latter also writes
 * all of it to the log.
 *
 * ```sql
 * alter table app.cache set unlogged;
 * ```
 *
 * Instead:
 *
 * ```sql
 * create unlogged table app.cache_new (like app.cache including all);
 * ```
 */
export const changePersistence: Rule = {
  code: "change-persistence",
  reason: "PostgreSQL writes the whole table anew, and nobody reads or writes it meanwhile.",
  safeForm:
    "Create a table of the other kind, move the rows in batches, and let the application go over to it.",
  find: (statement) => alterations(statement, "AT_SetLogged", "AT_SetUnLogged"),
};

/**
 * The whole table or index is copied under a lock against reading and writing.
 *
 * ```sql
 * alter table app.events set tablespace fast;
 * ```
 *
 * Instead, a new table whose rows a job moves; for an index, a new index:
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
    "PostgreSQL copies the whole table or index to the other disk, and nobody reads or writes it meanwhile.",
  safeForm: "Create a table or, concurrently, an index in the other tablespace, and drop the old one later.",
  find: (statement) => {
    if (!("AlterTableMoveAllStmt" in statement)) return alterations(statement, "AT_SetTableSpace");
    return [{ table: null, part: statement.AlterTableMoveAllStmt.orig_tablespacename ?? null }];
  },
};

/**
 * If it is another method than before, the table is written anew under a lock against reading and writing.
 *
 * ```sql
 * alter table app.events set access method columnar;
 * ```
 *
 * Instead:
 *
 * ```sql
 * create table app.events_new (like app.events including all) using columnar;
 * ```
 */
export const setAccessMethod: Rule = {
  code: "set-access-method",
  reason: "PostgreSQL writes the whole table anew, and nobody reads or writes it meanwhile.",
  safeForm: "Create a table with the other access method, and move the rows in batches.",
  find: (statement) => alterations(statement, "AT_SetAccessMethod"),
};

/**
 * The table is written anew in the order of an index under a lock against reading and writing, and falls out of order
 * with the next update.
 *
 * ```sql
 * cluster app.events using events_at_idx;
 * ```
 *
 * Instead, leave the order to the index, or take `pg_repack`:
 *
 * ```sql
 * vacuum (analyze) app.events;
 * ```
 */
export const clusterTable: Rule = {
  code: "cluster-table",
  reason:
    "PostgreSQL writes the whole table anew in the order of an index, and nobody reads or writes it meanwhile.",
  safeForm: "Leave the order to the index; to win space back while the table is in use, take pg_repack.",
  find: (statement) =>
    "ClusterStmt" in statement ? [{ table: nameOf(statement.ClusterStmt.relation), part: null }] : [],
};

/**
 * The table is written anew under a lock against reading and writing. A plain `vacuum` makes the space usable again
 * without one.
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
  reason: "PostgreSQL writes the whole table anew, and nobody reads or writes it meanwhile.",
  safeForm: "Write a plain vacuum, which makes the space usable again; to shrink the file, take pg_repack.",
  find: (statement) => {
    if (!("VacuumStmt" in statement) || !isOn("full", statement.VacuumStmt.options)) return [];
    const tables = (statement.VacuumStmt.rels ?? []).flatMap((node) =>
      "VacuumRelation" in node ? [nameOf(node.VacuumRelation.relation)] : [],
    );
    return (tables.length === 0 ? [null] : tables).map((table) => ({ table, part: null }));
  },
};
