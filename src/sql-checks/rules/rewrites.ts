import { alterations } from "../syntax/alterations.ts";
import { nameOf } from "../syntax/names.ts";
import type { Rule } from "../syntax/rule.ts";
import { isOn } from "./options.ts";

export const changePersistence: Rule = {
  code: "change-persistence",
  reason: "PostgreSQL writes the whole table anew, and nobody reads or writes it meanwhile.",
  safeForm:
    "Create a table of the other kind, move the rows in batches, and let the application go over to it.",
  find: (statement) => alterations(statement, "AT_SetLogged", "AT_SetUnLogged"),
};

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

export const setAccessMethod: Rule = {
  code: "set-access-method",
  reason: "PostgreSQL writes the whole table anew, and nobody reads or writes it meanwhile.",
  safeForm: "Create a table with the other access method, and move the rows in batches.",
  find: (statement) => alterations(statement, "AT_SetAccessMethod"),
};

export const clusterTable: Rule = {
  code: "cluster-table",
  reason:
    "PostgreSQL writes the whole table anew in the order of an index, and nobody reads or writes it meanwhile.",
  safeForm: "Leave the order to the index; to win space back while the table is in use, take pg_repack.",
  find: (statement) =>
    "ClusterStmt" in statement ? [{ table: nameOf(statement.ClusterStmt.relation), part: null }] : [],
};

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
