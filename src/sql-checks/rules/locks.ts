import { alterations } from "../syntax/alterations.ts";
import { nameOf } from "../syntax/names.ts";
import type { Rule } from "../syntax/rule.ts";
import { nodesOf } from "../syntax/visit.ts";

/**
 * Reads of the view wait until it is computed. `concurrently` needs a unique index on the view.
 *
 * ```sql
 * refresh materialized view app.totals;
 * ```
 *
 * Instead:
 *
 * ```sql
 * refresh materialized view concurrently app.totals;
 * ```
 */
export const refreshWithoutConcurrently: Rule = {
  code: "refresh-without-concurrently",
  reason: "Reads of the materialized view wait until it is computed.",
  safeForm: "Give the view a unique index, and write `refresh materialized view concurrently`.",
  find: (statement) => {
    if (!("RefreshMatViewStmt" in statement) || statement.RefreshMatViewStmt.concurrent === true) return [];
    return [{ table: nameOf(statement.RefreshMatViewStmt.relation), part: null }];
  },
};

/** PostgreSQL's number of the mode `share`; from this mode on, writes wait. */
const blocksWrites = 5;

/**
 * From mode `share` upwards, writes wait until the transaction ends. In `access exclusive`, which a bare
 * `lock table` takes, reads wait too.
 *
 * ```sql
 * lock table app.orders in exclusive mode;
 * ```
 *
 * Instead, lock the rows, or agree on an advisory lock:
 *
 * ```sql
 * select id from app.orders where id = 42 for update;
 * ```
 *
 * ```sql
 * select pg_catalog.pg_advisory_xact_lock(42);
 * ```
 */
export const lockTable: Rule = {
  code: "lock-table",
  reason: "Writes to the table wait until the transaction ends; in the strongest mode, reads wait too.",
  safeForm: "Lock the rows that matter with `select … for update`, or agree on an advisory lock.",
  find: (statement) => {
    if (!("LockStmt" in statement) || (statement.LockStmt.mode ?? 0) < blocksWrites) return [];
    return (statement.LockStmt.relations ?? []).flatMap((node) =>
      "RangeVar" in node ? [{ table: nameOf(node.RangeVar), part: null }] : [],
    );
  },
};

/**
 * The lock covers the whole partitioned table, and waits for the longest transaction on it. `concurrently`
 * needs PostgreSQL 14 or later, and a table without a default partition.
 *
 * ```sql
 * alter table app.events detach partition app.events_2020;
 * ```
 *
 * Instead:
 *
 * ```sql
 * alter table app.events detach partition app.events_2020 concurrently;
 * ```
 */
export const detachPartitionWithoutConcurrently: Rule = {
  code: "detach-partition-without-concurrently",
  reason:
    "Its lock blocks reads and writes of the whole table, even while it still waits for the longest query.",
  safeForm: "Write `detach partition … concurrently`, alone in its text and outside a transaction.",
  find: (statement) =>
    alterations(statement, "AT_DetachPartition").flatMap(({ table, definition }) => {
      if (definition === undefined || !("PartitionCmd" in definition)) return [];
      const { name, concurrent } = definition.PartitionCmd;
      return concurrent === true ? [] : [{ table, part: nameOf(name) }];
    }),
};

/**
 * PostgreSQL scans the new partition under a lock that blocks reads and writes of it, unless a valid check
 * constraint proves that its rows lie within the bounds. It treats a default partition of the table in the
 * same way. The checks accept a check constraint of the partition that this text or an earlier one validates,
 * if it contains the constants of the bounds.
 *
 * ```sql
 * alter table app.events attach partition app.events_2020 for values from ('2020-01-01') to ('2021-01-01');
 * ```
 *
 * Instead, in three texts:
 *
 * ```sql
 * alter table app.events_2020
 *   add constraint in_bounds check (at is not null and at >= '2020-01-01' and at < '2021-01-01') not valid;
 * ```
 *
 * ```sql
 * alter table app.events_2020 validate constraint in_bounds;
 * ```
 *
 * ```sql
 * alter table app.events attach partition app.events_2020 for values from ('2020-01-01') to ('2021-01-01');
 * ```
 */
export const attachPartitionWithoutCheck: Rule = {
  code: "attach-partition-without-check",
  reason: "PostgreSQL scans the new partition, and blocks reads and writes of it meanwhile.",
  safeForm:
    "Give it a check of the same bounds as `not valid`, validate that, and attach it in a later text.",
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

/** Bounds and a check that proves them share constants; without the partition key no more can be compared. */
function constantsIn(root: unknown): readonly string[] {
  return nodesOf("A_Const", root).map(({ location: _, ...constant }) => JSON.stringify(constant));
}
