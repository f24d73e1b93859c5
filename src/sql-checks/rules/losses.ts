import { alterations } from "../syntax/alterations.ts";
import { nameOf, nameOfDropped } from "../syntax/names.ts";
import type { Node } from "../syntax/parse-sql.ts";
import type { Match, Rule } from "../syntax/rule.ts";

/**
 * All rows are gone without an undo log, under a lock that blocks reads and writes.
 *
 * ```sql
 * truncate app.events;
 * ```
 *
 * Instead, use a job with `deleteFrom`, which can be undone; or delete within bounds:
 *
 * ```sql
 * delete from app.events where id between 1 and 1000;
 * ```
 */
export const truncateTable: Rule = {
  code: "truncate-table",
  reason: "All rows are gone without an undo log, and reads and writes wait until the transaction ends.",
  safeForm: "Write a job that deletes in batches and can be undone; make a backup first.",
  find: (statement) => ("TruncateStmt" in statement ? tables(statement.TruncateStmt.relations ?? []) : []),
};

/**
 * Its rows are gone, and every query that still uses it fails. Before you drop it, revoke the rights for a
 * while: they can be granted again.
 *
 * ```sql
 * drop table app.old_events;
 * ```
 *
 * First:
 *
 * ```sql
 * revoke all on app.old_events from web;
 * ```
 */
export const dropTable: Rule = {
  code: "drop-table",
  reason: "Its rows are gone, and every query of an application that still uses it fails.",
  safeForm:
    "First stop using it, revoke its rights for a while to see that nothing fails, and make a backup.",
  find: (statement) =>
    dropped(statement, "OBJECT_TABLE", "OBJECT_MATVIEW", "OBJECT_FOREIGN_TABLE").map((table) => ({
      table,
      part: null,
    })),
};

/**
 * Its values are gone, and every query that still names it fails. Before you drop it, let inserts leave it
 * out, and stop the application from naming it.
 *
 * ```sql
 * alter table app.users drop column nickname;
 * ```
 *
 * First:
 *
 * ```sql
 * alter table app.users alter column nickname set default '';
 * ```
 */
export const dropColumn: Rule = {
  code: "drop-column",
  reason: "Its values are gone, and every query of an application that still names it fails.",
  safeForm: "First set a default so that inserts may leave it out, stop using it, and make a backup.",
  find: (statement) => alterations(statement, "AT_DropColumn"),
};

/** What an application, a view or a function may still use by name. */
const droppedByName: ReadonlySet<string | undefined> = new Set([
  "OBJECT_VIEW",
  "OBJECT_FUNCTION",
  "OBJECT_PROCEDURE",
  "OBJECT_ROUTINE",
  "OBJECT_AGGREGATE",
  "OBJECT_OPERATOR",
  "OBJECT_TYPE",
  "OBJECT_DOMAIN",
  "OBJECT_SEQUENCE",
  "OBJECT_EXTENSION",
]);

/**
 * A view, function, type, sequence or extension: every query that still uses it fails at once. A text may
 * drop what it has created itself.
 *
 * ```sql
 * drop function app.slugify(text);
 * ```
 *
 * First stop the application from using it; then revoke the rights, which can be granted again:
 *
 * ```sql
 * revoke execute on function app.slugify(text) from web;
 * ```
 */
export const dropOther: Rule = {
  code: "drop-other",
  reason: "Every query of an application that still uses it fails.",
  safeForm: "First stop using it, and revoke its rights for a while to see that nothing fails.",
  find: (statement, { othersCreatedBefore, tablesCreatedBefore }) => {
    if (!("DropStmt" in statement) || !droppedByName.has(statement.DropStmt.removeType)) return [];
    return (statement.DropStmt.objects ?? [])
      .map(nameOfDropped)
      .filter((name) => !othersCreatedBefore.has(name ?? "") && !tablesCreatedBefore.has(name ?? ""))
      .map((part) => ({ table: null, part }));
  },
};

/**
 * An application that has never met a null there fails at the first one, long after the change.
 *
 * ```sql
 * alter table app.users alter column nickname drop not null;
 * ```
 *
 * Instead, prepare every reader for nulls first. If inserts only have to leave the column out, set a default:
 *
 * ```sql
 * alter table app.users alter column nickname set default '';
 * ```
 */
export const dropNotNull: Rule = {
  code: "drop-not-null",
  reason: "An application that has never met a null there fails at the first one.",
  safeForm:
    "Prepare every reader for nulls first; or set a default, so that inserts may leave the column out.",
  find: (statement) => alterations(statement, "AT_DropNotNull"),
};

/**
 * Every query that still uses something in it fails.
 *
 * ```sql
 * drop schema old_app;
 * ```
 *
 * First:
 *
 * ```sql
 * revoke usage on schema old_app from web;
 * ```
 */
export const dropSchema: Rule = {
  code: "drop-schema",
  reason: "Every query of an application that still uses something in it fails.",
  safeForm: "Revoke the rights to it for a while to see that nothing fails, and drop its tables one by one.",
  find: (statement) => dropped(statement, "OBJECT_SCHEMA").map((part) => ({ table: null, part })),
};

/**
 * Everything in it is gone.
 *
 * ```sql
 * drop database old_school;
 * ```
 *
 * First:
 *
 * ```sql
 * alter database old_school with allow_connections false;
 * ```
 */
export const dropDatabase: Rule = {
  code: "drop-database",
  reason: "Everything in it is gone.",
  safeForm: "Refuse connections to it for a while to see that nothing fails, and make a backup.",
  find: (statement) =>
    "DropdbStmt" in statement ? [{ table: null, part: statement.DropdbStmt.dbname ?? null }] : [],
};

/**
 * Everything that the role owns in the database is gone, and the text names none of it.
 *
 * ```sql
 * drop owned by former_owner;
 * ```
 *
 * Instead:
 *
 * ```sql
 * reassign owned by former_owner to owner;
 * ```
 */
export const dropOwned: Rule = {
  code: "drop-owned",
  reason:
    "All that the role owns in the database is gone, even tables with their rows; the text names none of it.",
  safeForm: "Give what the role owns to another role with `reassign owned`.",
  find: (statement) => ("DropOwnedStmt" in statement ? [{ table: null, part: null }] : []),
};

/**
 * It also drops everything that depends on the thing, which the text does not name: views, foreign keys,
 * columns of a type. `truncate … cascade` empties every table that refers to this one.
 *
 * ```sql
 * alter table app.statuses drop constraint statuses_pkey cascade;
 * ```
 *
 * Instead, drop each thing by name, dependents first; then PostgreSQL refuses what you did not see:
 *
 * ```sql
 * alter table app.orders drop constraint orders_status_fk;
 * ```
 */
export const cascade: Rule = {
  code: "cascade",
  reason: "It also drops unnamed dependents: views, foreign keys, columns; `truncate` empties other tables.",
  safeForm: "Name each thing that is to go, dependents first.",
  find: (statement) => {
    if ("TruncateStmt" in statement) {
      const { behavior, relations = [] } = statement.TruncateStmt;
      return behavior === "DROP_CASCADE" ? tables(relations) : [];
    }
    if (!("DropStmt" in statement)) return alterations(statement).filter(({ isCascade }) => isCascade);
    const { behavior, removeType, objects = [] } = statement.DropStmt;
    if (behavior !== "DROP_CASCADE") return [];
    const isTable = removeType === "OBJECT_TABLE";
    return objects
      .map(nameOfDropped)
      .map((name) => ({ table: isTable ? name : null, part: isTable ? null : name }));
  },
};

function tables(relations: readonly Node[]): readonly Match[] {
  return relations.flatMap((node) =>
    "RangeVar" in node ? [{ table: nameOf(node.RangeVar), part: null }] : [],
  );
}

/** The names of the things of these kinds that a statement drops. */
function dropped(statement: Node, ...kinds: readonly string[]): readonly (string | null)[] {
  if (!("DropStmt" in statement) || !kinds.includes(statement.DropStmt.removeType ?? "")) return [];
  return (statement.DropStmt.objects ?? []).map(nameOfDropped);
}
