import { alterations } from "../syntax/alterations.ts";
import { nameOf } from "../syntax/names.ts";
import type { Rule } from "../syntax/rule.ts";
import { nodesOf } from "../syntax/visit.ts";

/**
 * Reads of the view wait until it is computed. `concurrently` wants a unique index on it.
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
  reason: "Nobody reads the materialized view while it is computed.",
  safeForm: "Give the view a unique index, and write `refresh materialized view concurrently`.",
  find: (statement) => {
    if (!("RefreshMatViewStmt" in statement) || statement.RefreshMatViewStmt.concurrent === true) return [];
    return [{ table: nameOf(statement.RefreshMatViewStmt.relation), part: null }];
  },
};

/** `share`, as PostgreSQL numbers the modes: from there on, writes wait. */
const blocksWrites = 5;

/**
 * From `share` upwards writes wait until the transaction ends; in `access exclusive`, which is what a bare `lock table`
 * takes, reads do too.
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
  reason: "Nobody writes the table until the transaction ends, and in the strongest mode nobody reads it.",
  safeForm: "Lock the rows that matter by `select … for update`, or agree on an advisory lock.",
  find: (statement) => {
    if (!("LockStmt" in statement) || (statement.LockStmt.mode ?? 0) < blocksWrites) return [];
    return (statement.LockStmt.relations ?? []).flatMap((node) =>
      "RangeVar" in node ? [{ table: nameOf(node.RangeVar), part: null }] : [],
    );
  },
};

/**
 * The lock is on the whole partitioned table, and waits for the longest transaction on it. `concurrently` wants
 * PostgreSQL 14, and a table without a default partition.
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
    "The whole partitioned table is locked against reading and writing, and so is everybody behind the lock while it waits for the longest query.",
  safeForm: "Write `detach partition … concurrently`, alone in its text and outside of a transaction.",
  find: (statement) =>
    alterations(statement, "AT_DetachPartition").flatMap(({ table, definition }) => {
      if (definition === undefined || !("PartitionCmd" in definition)) return [];
      const { name, concurrent } = definition.PartitionCmd;
      return concurrent === true ? [] : [{ table, part: nameOf(name) }];
    }),
};

/**
 * PostgreSQL looks at every row of the new partition, under a lock against reading and writing it, unless a valid check of
 * it says already that they lie within the bounds. Of a default partition beside it the same holds. The checks believe so
 * where a check of the partition is validated in the text or one before it, and holds the constants of the bounds.
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
