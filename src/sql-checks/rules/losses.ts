import { alterations } from "../syntax/alterations.ts";
import { nameOf, nameOfDropped } from "../syntax/names.ts";
import type { Node } from "../syntax/parse-sql.ts";
import type { Match, Rule } from "../syntax/rule.ts";

/**
 * All rows are gone without an undo log, under a lock against reading and writing.
 *
 * ```sql
 * truncate app.events;
 * ```
 *
 * Instead a job with `deleteFrom`, which can be undone; or a bound:
 *
 * ```sql
 * delete from app.events where id between 1 and 1000;
 * ```
 */
export const truncateTable: Rule = {
  code: "truncate-table",
  reason:
    "Every row is gone, without an undo log, and nobody reads or writes the table until the transaction ends.",
  safeForm: "Write a job that deletes in batches and can be undone; make a backup before.",
  find: (statement) => ("TruncateStmt" in statement ? tables(statement.TruncateStmt.relations ?? []) : []),
};

/**
 * Its rows are gone, and what still uses it fails. Before you drop it, revoke the rights for a while: they can be
 * granted again.
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
    "Take the application off it first, revoke its rights for a while to see that nobody asks for it, and make a backup.",
  find: (statement) =>
    dropped(statement, "OBJECT_TABLE", "OBJECT_MATVIEW", "OBJECT_FOREIGN_TABLE").map((table) => ({
      table,
      part: null,
    })),
};

/**
 * Its values are gone, and what still names it fails. Before you drop it, let inserts leave it out, and stop the
 * application from naming it.
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
  safeForm:
    "Take the application off it first, with a default set so that inserts may leave it out, and make a backup.",
  find: (statement) => alterations(statement, "AT_DropColumn"),
};

/** What a deployed program, a view or a function may still ask for by its name. */
const others: ReadonlySet<string | undefined> = new Set([
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
 * A view, function, type, sequence or extension: what still uses it fails at once. What the text itself has created may
 * go.
 *
 * ```sql
 * drop function app.slugify(text);
 * ```
 *
 * Take the application off it first; then revoke the rights, which can be given back:
 *
 * ```sql
 * revoke execute on function app.slugify(text) from web;
 * ```
 */
export const dropOther: Rule = {
  code: "drop-other",
  reason: "Every query of an application that still uses it fails.",
  safeForm:
    "Take the application off it first, revoke its rights for a while to see that nobody asks for it, and drop it then.",
  find: (statement, { othersCreatedBefore, tablesCreatedBefore }) => {
    if (!("DropStmt" in statement) || !others.has(statement.DropStmt.removeType)) return [];
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
 * Instead, let every reader know of nulls first. If inserts are only to leave the column out:
 *
 * ```sql
 * alter table app.users alter column nickname set default '';
 * ```
 */
export const dropNotNull: Rule = {
  code: "drop-not-null",
  reason: "An application that has never met a null there fails at the first one.",
  safeForm:
    "Let every reader know of nulls first; or set a default, so that inserts may leave the column out.",
  find: (statement) => alterations(statement, "AT_DropNotNull"),
};

/**
 * What still uses something in it fails.
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
  reason: "Every query of an application that still uses what was in it fails.",
  safeForm:
    "Revoke the rights to it for a while to see that nobody asks for it, and drop its tables one by one.",
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
  safeForm: "Refuse connections to it for a while to see that nobody asks for it, and make a backup.",
  find: (statement) =>
    "DropdbStmt" in statement ? [{ table: null, part: statement.DropdbStmt.dbname ?? null }] : [],
};

/**
 * Everything in the database that the role owns is gone, and the text names none of it.
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
    "Everything in the database that the role owns is gone, tables with their rows, and the text names none of it.",
  safeForm: "Give what the role owns to another by `reassign owned`.",
  find: (statement) => ("DropOwnedStmt" in statement ? [{ table: null, part: null }] : []),
};

/**
 * Whatever depends on it goes along, which the text does not name: views, foreign keys, columns of a type; and
 * `truncate … cascade` empties every table that refers to this one.
 *
 * ```sql
 * alter table app.statuses drop constraint statuses_pkey cascade;
 * ```
 *
 * Instead, name each thing, those that depend on others first; then PostgreSQL refuses what you did not see:
 *
 * ```sql
 * alter table app.orders drop constraint orders_status_fk;
 * ```
 */
export const cascade: Rule = {
  code: "cascade",
  reason:
    "It takes along whatever depends on it, which the text does not name: views, foreign keys, columns, the rows of other tables.",
  safeForm: "Name each thing that is to go, those that depend on others first.",
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

/** The names of what a statement drops, if it is of one of the kinds. */
function dropped(statement: Node, ...kinds: readonly string[]): readonly (string | null)[] {
  if (!("DropStmt" in statement) || !kinds.includes(statement.DropStmt.removeType ?? "")) return [];
  return (statement.DropStmt.objects ?? []).map(nameOfDropped);
}
