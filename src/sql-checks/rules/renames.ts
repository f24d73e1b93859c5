import { dotted, nameOf } from "../syntax/names.ts";
import type { Rule } from "../syntax/rule.ts";

const tables: ReadonlySet<string | undefined> = new Set([
  "OBJECT_TABLE",
  "OBJECT_VIEW",
  "OBJECT_MATVIEW",
  "OBJECT_FOREIGN_TABLE",
]);

/**
 * Every query that still uses the old name fails at once, before any deployment can follow.
 *
 * ```sql
 * alter table app.users rename to people;
 * ```
 *
 * Instead, offer the new name beside the old one:
 *
 * ```sql
 * create view app.people as select * from app.users;
 * ```
 */
export const renameTable: Rule = {
  code: "rename-table",
  reason: "Every query of an application that uses the old name fails.",
  safeForm:
    "Create a view of the new name, switch the application to it, and swap the names once the old is unused.",
  find: (statement) => {
    if ("AlterObjectSchemaStmt" in statement) {
      const { objectType, relation } = statement.AlterObjectSchemaStmt;
      return tables.has(objectType) ? [{ table: nameOf(relation), part: null }] : [];
    }
    if (!("RenameStmt" in statement) || !tables.has(statement.RenameStmt.renameType)) return [];
    return [{ table: nameOf(statement.RenameStmt.relation), part: null }];
  },
};

/**
 * Every query that still uses the old name fails at once.
 *
 * ```sql
 * alter table app.users rename column name to full_name;
 * ```
 *
 * Instead, add a column, keep both equal with a trigger, fill it with a job, and drop the old one later:
 *
 * ```sql
 * alter table app.users add column full_name text;
 * ```
 */
export const renameColumn: Rule = {
  code: "rename-column",
  reason: "Every query of an application that uses the old name fails.",
  safeForm:
    "Add a column of the new name, keep both equal with a trigger, fill it in batches, and switch to it.",
  find: (statement) => {
    if (!("RenameStmt" in statement) || statement.RenameStmt.renameType !== "OBJECT_COLUMN") return [];
    const { relation, subname: part = null, relationType } = statement.RenameStmt;
    return tables.has(relationType) ? [{ table: nameOf(relation), part }] : [];
  },
};

/**
 * Every query that still uses the old name fails at once.
 *
 * ```sql
 * alter schema app rename to school;
 * ```
 *
 * Instead, offer the new names beside the old ones:
 *
 * ```sql
 * create schema school;
 * create view school.users as select * from app.users;
 * ```
 */
export const renameSchema: Rule = {
  code: "rename-schema",
  reason: "Every query of an application that uses the old name fails.",
  safeForm: "Create a schema with the new name and views in it, and switch the application to them.",
  find: (statement) =>
    "RenameStmt" in statement && statement.RenameStmt.renameType === "OBJECT_SCHEMA"
      ? [{ table: null, part: statement.RenameStmt.subname ?? null }]
      : [],
};

/**
 * Every query that still uses the old value fails at once.
 *
 * ```sql
 * alter type app.status rename value 'done' to 'completed';
 * ```
 *
 * Instead, add the new value, and change the rows with a job:
 *
 * ```sql
 * alter type app.status add value 'completed' after 'done';
 * ```
 */
export const renameEnumValue: Rule = {
  code: "rename-enum-value",
  reason: "Every query of an application that uses the old value fails.",
  safeForm: "Add the new value, let the application accept both, and change the rows in batches.",
  find: (statement) =>
    "AlterEnumStmt" in statement && statement.AlterEnumStmt.oldVal !== undefined
      ? [{ table: null, part: dotted(statement.AlterEnumStmt.typeName) }]
      : [],
};
