import { dotted, nameOf } from "../syntax/names.ts";
import type { Rule } from "../syntax/rule.ts";

const tables: ReadonlySet<string | undefined> = new Set([
  "OBJECT_TABLE",
  "OBJECT_VIEW",
  "OBJECT_MATVIEW",
  "OBJECT_FOREIGN_TABLE",
]);

export const renameTable: Rule = {
  code: "rename-table",
  reason: "Every query of an application that knows the old name fails.",
  safeForm:
    "Create a view under the new name, let the application go over to it, and swap the two names when nobody uses the old one.",
  find: (statement) => {
    if ("AlterObjectSchemaStmt" in statement) {
      const { objectType, relation } = statement.AlterObjectSchemaStmt;
      return tables.has(objectType) ? [{ table: nameOf(relation), part: null }] : [];
    }
    if (!("RenameStmt" in statement) || !tables.has(statement.RenameStmt.renameType)) return [];
    return [{ table: nameOf(statement.RenameStmt.relation), part: null }];
  },
};

export const renameColumn: Rule = {
  code: "rename-column",
  reason: "Every query of an application that knows the old name fails.",
  safeForm:
    "Add a column with the new name, keep both equal by a trigger, fill it in batches, go over to it, and drop the old one.",
  find: (statement) => {
    if (!("RenameStmt" in statement) || statement.RenameStmt.renameType !== "OBJECT_COLUMN") return [];
    const { relation, subname: part = null, relationType } = statement.RenameStmt;
    return tables.has(relationType) ? [{ table: nameOf(relation), part }] : [];
  },
};

export const renameSchema: Rule = {
  code: "rename-schema",
  reason: "Every query of an application that knows the old name fails.",
  safeForm: "Create a schema with the new name and views in it, and let the application go over to them.",
  find: (statement) =>
    "RenameStmt" in statement && statement.RenameStmt.renameType === "OBJECT_SCHEMA"
      ? [{ table: null, part: statement.RenameStmt.subname ?? null }]
      : [],
};

export const renameEnumValue: Rule = {
  code: "rename-enum-value",
  reason: "Every query of an application that knows the old value fails.",
  safeForm: "Add the new value, let the application know both, and change the rows in batches.",
  find: (statement) =>
    "AlterEnumStmt" in statement && statement.AlterEnumStmt.oldVal !== undefined
      ? [{ table: null, part: dotted(statement.AlterEnumStmt.typeName) }]
      : [],
};
