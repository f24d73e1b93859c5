import { nameOf } from "../syntax/names.ts";
import type { Node } from "../syntax/parse-sql.ts";
import type { Match } from "../syntax/rule.ts";
import { isOn } from "./is-on.ts";

const whole: ReadonlySet<string | undefined> = new Set([
  "REINDEX_OBJECT_SCHEMA",
  "REINDEX_OBJECT_SYSTEM",
  "REINDEX_OBJECT_DATABASE",
]);

/**
 * What PostgreSQL refuses inside a transaction, since it begins and ends its own or touches files.
 * Concurrent work is left out.
 */
export function notInTransaction(statement: Node): readonly Match[] {
  const part = wordOf(statement);
  if (part !== null) return [{ table: null, part }];
  if (!("VacuumStmt" in statement) || statement.VacuumStmt.is_vacuumcmd !== true) return [];
  const { rels = [] } = statement.VacuumStmt;
  if (rels.length === 0) return [{ table: null, part: "vacuum" }];
  return rels.flatMap((node) =>
    "VacuumRelation" in node ? [{ table: nameOf(node.VacuumRelation.relation), part: "vacuum" }] : [],
  );
}

function wordOf(statement: Node): string | null {
  if ("CreatedbStmt" in statement) return "create database";
  if ("DropdbStmt" in statement) return "drop database";
  if ("CreateTableSpaceStmt" in statement) return "create tablespace";
  if ("DropTableSpaceStmt" in statement) return "drop tablespace";
  if ("AlterSystemStmt" in statement) return "alter system";
  if ("DropSubscriptionStmt" in statement) return "drop subscription";
  if ("AlterDatabaseStmt" in statement)
    return isOn("tablespace", statement.AlterDatabaseStmt.options) ? "alter database" : null;
  if ("CreateSubscriptionStmt" in statement) return createsSlot(statement.CreateSubscriptionStmt.options);
  if ("ClusterStmt" in statement) return statement.ClusterStmt.relation === undefined ? "cluster" : null;
  if ("DiscardStmt" in statement)
    return statement.DiscardStmt.target === "DISCARD_ALL" ? "discard all" : null;
  return "ReindexStmt" in statement && whole.has(statement.ReindexStmt.kind) ? "reindex" : null;
}

/** A rollback does not remove a replication slot. */
function createsSlot(options: readonly Node[] = []): string | null {
  const isOff = (name: string): boolean =>
    options.some((option) => "DefElem" in option && option.DefElem.defname === name) && !isOn(name, options);
  return isOff("connect") || isOff("create_slot") ? null : "create subscription";
}
