import { alterations } from "../syntax/alterations.ts";
import { nameOf } from "../syntax/names.ts";
import type { Rule } from "../syntax/rule.ts";
import { nodesOf } from "../syntax/visit.ts";

export const refreshWithoutConcurrently: Rule = {
  code: "refresh-without-concurrently",
  reason: "Nobody reads the materialized view while it is computed.",
  safeForm: "Give the view a unique index, and write `refresh materialized view concurrently`.",
  find: (statement) => {
    if (!("RefreshMatViewStmt" in statement) || statement.RefreshMatViewStmt.concurrent === true) return [];
    return [{ table: nameOf(statement.RefreshMatViewStmt.relation), part: null }];
  },
};

/** `share`, as PostgreSQL numbers the modes: from there on, writes wait. */
const blocksWrites = 5;

export const lockTable: Rule = {
  code: "lock-table",
  reason: "Nobody writes the table until the transaction ends, and in the strongest mode nobody reads it.",
  safeForm: "Lock the rows that matter by `select … for update`, or agree on an advisory lock.",
  find: (statement) => {
    if (!("LockStmt" in statement) || (statement.LockStmt.mode ?? 0) < blocksWrites) return [];
    return (statement.LockStmt.relations ?? []).flatMap((node) =>
      "RangeVar" in node ? [{ table: nameOf(node.RangeVar), part: null }] : [],
    );
  },
};

export const detachPartitionWithoutConcurrently: Rule = {
  code: "detach-partition-without-concurrently",
  reason:
    "The whole partitioned table is locked against reading and writing, and so is everybody behind the lock while it waits for the longest query.",
  safeForm: "Write `detach partition … concurrently`, alone in its text and outside of a transaction.",
  find: (statement) =>
    alterations(statement, "AT_DetachPartition").flatMap(({ table, definition }) => {
      if (definition === undefined || !("PartitionCmd" in definition)) return [];
      const { name, concurrent } = definition.PartitionCmd;
      return concurrent === true ? [] : [{ table, part: nameOf(name) }];
    }),
};

export const attachPartitionWithoutCheck: Rule = {
  code: "attach-partition-without-check",
  reason: "Every row of the new partition is looked at, and nobody reads or writes it meanwhile.",
  safeForm:
    "Add a check of the same bounds to it as `not valid`, validate it, and attach the partition in a text after that.",
  find: (statement, { validChecks }) =>
    alterations(statement, "AT_AttachPartition").flatMap(({ table: part, definition }) => {
      if (definition === undefined || !("PartitionCmd" in definition)) return [];
      const { name, bound } = definition.PartitionCmd;
      const table = nameOf(name);
      const checks = (validChecks.get(table ?? "") ?? []).map(constantsIn);
      const wanted = constantsIn(bound);
      const isProven = checks.some((has) => wanted.every((constant) => has.includes(constant)));
      return isProven ? [] : [{ table, part }];
    }),
};

/** A bound and a check that says the same have their constants in common; more cannot be told without the partition key. */
function constantsIn(root: unknown): readonly string[] {
  return nodesOf("A_Const", root).map(({ location: _, ...constant }) => JSON.stringify(constant));
}
