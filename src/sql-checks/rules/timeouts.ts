import { alterations } from "../alterations.ts";
import { nameOf, wordsOf } from "../names.ts";
import type { Rule, Sight } from "../rule.ts";
import type { AlterTableType, Node } from "../syntax.ts";
import { offOf } from "../timeouts.ts";
import { nodesOf } from "../walk.ts";
import { nameOfDropped } from "./losses.ts";

export const timeoutOff: Rule = {
  code: "timeout-off",
  reason:
    "It then waits for its lock, or works, without an end, and everybody who wants the table queues behind it.",
  safeForm: "Leave it out, or set the longest time that others may wait.",
  find: (statement) => [...offOf(statement), ...configured(statement)].map((part) => ({ table: null, part })),
};

/** `set_config('lock_timeout', '0', true)` */
function configured(statement: Node): readonly string[] {
  return nodesOf("FuncCall", statement).flatMap(({ funcname, args = [] }) => {
    if (wordsOf(funcname).at(-1) !== "set_config") return [];
    const [name = "", value = ""] = args.map((arg) =>
      "A_Const" in arg ? (arg.A_Const.sval?.sval ?? "") : "",
    );
    return /^(lock|statement)_timeout$/.test(name) && Number.parseFloat(value) === 0 ? [name] : [];
  });
}

export const lockWithoutTimeout: Rule = {
  code: "lock-without-timeout",
  reason:
    "It waits for the longest transaction on the table, and everybody who comes after that waits behind it, without an end.",
  safeForm:
    "Leave out `transactional: false`, so that the lock is asked for in short attempts; or begin the text with `set lock_timeout = '1s';`.",
  find: (statement, { hasLockTimeout }) => (hasLockTimeout ? [] : locked(statement)),
};

/** Those let others read and write, or wait for nobody who does. */
const gentle: ReadonlySet<AlterTableType> = new Set([
  "AT_ValidateConstraint",
  "AT_AttachPartition",
  "AT_SetStatistics",
  "AT_ClusterOn",
  "AT_DropCluster",
  "AT_DetachPartitionFinalize",
]);

/** What a statement locks against writing, at the least, until its end. */
function locked(statement: Node): readonly Sight[] {
  const altered = alterations(statement).filter(({ kind, definition }) => {
    const isConcurrent =
      definition !== undefined && "PartitionCmd" in definition && definition.PartitionCmd.concurrent === true;
    return !gentle.has(kind) && !isConcurrent;
  });
  if (altered.length > 0) return altered.slice(0, 1).map(({ table }) => ({ table, part: null }));
  if ("DropStmt" in statement) return dropped(statement.DropStmt);
  return lockedByName(statement).map((table) => ({ table, part: null }));
}

const droppedWithLock: ReadonlySet<string | undefined> = new Set([
  "OBJECT_TABLE",
  "OBJECT_VIEW",
  "OBJECT_MATVIEW",
  "OBJECT_FOREIGN_TABLE",
  "OBJECT_INDEX",
  "OBJECT_TRIGGER",
  "OBJECT_RULE",
  "OBJECT_POLICY",
]);

function dropped({ concurrent, removeType, objects = [] }: DropStmt): readonly Sight[] {
  if (concurrent === true || !droppedWithLock.has(removeType)) return [];
  const isTable = removeType === "OBJECT_TABLE";
  return objects
    .map(nameOfDropped)
    .map((name) => ({ table: isTable ? name : null, part: isTable ? null : name }));
}

type DropStmt = Extract<Node, { readonly DropStmt: unknown }>["DropStmt"];

function lockedByName(statement: Node): readonly (string | null)[] {
  if ("RenameStmt" in statement)
    return [nameOf(statement.RenameStmt.relation)].filter((name) => name !== null);
  if ("IndexStmt" in statement)
    return statement.IndexStmt.concurrent === true ? [] : [nameOf(statement.IndexStmt.relation)];
  if ("CreateTrigStmt" in statement) return [nameOf(statement.CreateTrigStmt.relation)];
  if ("RuleStmt" in statement) return [nameOf(statement.RuleStmt.relation)];
  if ("CreatePolicyStmt" in statement) return [nameOf(statement.CreatePolicyStmt.table)];
  if ("ClusterStmt" in statement) return [nameOf(statement.ClusterStmt.relation)];
  const relations =
    "TruncateStmt" in statement
      ? statement.TruncateStmt.relations
      : "LockStmt" in statement
        ? statement.LockStmt.relations
        : [];
  return (relations ?? []).flatMap((node) => ("RangeVar" in node ? [nameOf(node.RangeVar)] : []));
}
