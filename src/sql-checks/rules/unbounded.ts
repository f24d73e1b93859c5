import { nameOf } from "../syntax/names.ts";
import type { Node, RangeVar } from "../syntax/parse-sql.ts";
import type { Match, Rule } from "../syntax/rule.ts";
import { nodesOf } from "../syntax/visit.ts";
import { boundsNothing } from "./bounds.ts";
import { runsNow } from "./runs-now.ts";

/**
 * Without a `where`, or with one that leaves out no row (`true`, `id = id`, `id is not null`, `exists` of something that
 * does not look at the row), all rows are written in one transaction. Whoever writes one of
 * them waits for its end, replicas fall behind, and the table doubles.
 *
 * ```sql
 * update app.users set locale = 'en';
 * ```
 *
 * Instead a job, which does it in batches; or a bound:
 *
 * ```sql
 * update app.users set locale = 'en' where id between 1 and 1000;
 * ```
 */
export const unboundedUpdate: Rule = {
  code: "unbounded-update",
  reason:
    "Every row is written in one transaction: whoever writes one of them waits until the end, replicas fall behind, and the table doubles.",
  safeForm: "Write a job, which does it in batches; or bound the statement to some keys by `where`.",
  find: (statement) =>
    runsNow(statement)
      ? [...nodesOf("UpdateStmt", statement).flatMap(unbounded), ...merges(statement, "CMD_UPDATE")]
      : [],
};

/**
 * Without a `where`, or with one that leaves out no row, as above, all rows are deleted in one transaction.
 *
 * ```sql
 * delete from app.events;
 * ```
 *
 * Instead a job with `deleteFrom`, which can be undone; or a bound:
 *
 * ```sql
 * delete from app.events where id between 1 and 1000;
 * ```
 */
export const unboundedDelete: Rule = {
  code: "unbounded-delete",
  reason:
    "Every row is deleted in one transaction: whoever writes one of them waits until the end, replicas fall behind, and the rows are gone.",
  safeForm:
    "Write a job, which does it in batches and can be undone; or bound the statement to some keys by `where`.",
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
