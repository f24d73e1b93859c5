import { nameOf } from "../syntax/names.ts";
import type { Node, RangeVar } from "../syntax/parse-sql.ts";
import type { Match, Rule } from "../syntax/rule.ts";
import { nodesOf } from "../syntax/visit.ts";
import { boundsNothing } from "./bounds.ts";
import { runsNow } from "./runs-now.ts";

/**
 * All rows are written in one transaction: there is no `where`, or one that leaves out no row (`true`,
 * `id = id`, `id is not null`, an `exists` that does not look at the row). Sessions that write one of these
 * rows wait until the end, replicas fall behind, and the table doubles in size.
 *
 * ```sql
 * update app.users set locale = 'en';
 * ```
 *
 * Instead, use a job, which works in batches; or bound the statement:
 *
 * ```sql
 * update app.users set locale = 'en' where id between 1 and 1000;
 * ```
 */
export const unboundedUpdate: Rule = {
  code: "unbounded-update",
  reason:
    "All rows are written in one transaction: writers wait, replicas fall behind, and the table doubles.",
  safeForm: "Write a job, which works in batches; or bound the statement to some keys with `where`.",
  find: (statement) =>
    runsNow(statement)
      ? [...nodesOf("UpdateStmt", statement).flatMap(unbounded), ...merges(statement, "CMD_UPDATE")]
      : [],
};

/**
 * All rows are deleted in one transaction: there is no `where`, or one that leaves out no row, as for
 * [`unbounded-update`](#unbounded-update).
 *
 * ```sql
 * delete from app.events;
 * ```
 *
 * Instead, use a job with `deleteFrom`, which can be undone; or bound the statement:
 *
 * ```sql
 * delete from app.events where id between 1 and 1000;
 * ```
 */
export const unboundedDelete: Rule = {
  code: "unbounded-delete",
  reason:
    "All rows are deleted in one transaction: writers wait, replicas fall behind, and the rows are gone.",
  safeForm: "Write a job, which works in batches and can be undone; or bound it to some keys with `where`.",
  find: (statement) =>
    runsNow(statement)
      ? [...nodesOf("DeleteStmt", statement).flatMap(unbounded), ...merges(statement, "CMD_DELETE")]
      : [],
};

function unbounded({
  relation,
  whereClause,
}: {
  readonly relation?: RangeVar;
  readonly whereClause?: Node;
}): readonly Match[] {
  return whereClause === undefined || boundsNothing(whereClause, relation)
    ? [{ table: nameOf(relation), part: null }]
    : [];
}

function merges(statement: Node, command: "CMD_UPDATE" | "CMD_DELETE"): readonly Match[] {
  return nodesOf("MergeStmt", statement).flatMap(({ relation, joinCondition, mergeWhenClauses = [] }) => {
    const isBounded = joinCondition !== undefined && !boundsNothing(joinCondition, relation);
    const doesIt = mergeWhenClauses.some(
      (node) =>
        "MergeWhenClause" in node &&
        node.MergeWhenClause.commandType === command &&
        (node.MergeWhenClause.condition === undefined ||
          boundsNothing(node.MergeWhenClause.condition, relation)),
    );
    return doesIt && !isBounded ? [{ table: nameOf(relation), part: null }] : [];
  });
}
