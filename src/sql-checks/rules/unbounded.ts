import { nameOf } from "../names.ts";
import type { Rule, Sight } from "../rule.ts";
import type { Node, RangeVar } from "../syntax.ts";
import { nodesOf } from "../walk.ts";
import { runsNow } from "./runs-now.ts";

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
}): readonly Sight[] {
  return whereClause === undefined || isEveryRow(whereClause)
    ? [{ table: nameOf(relation), part: null }]
    : [];
}

function merges(statement: Node, command: "CMD_UPDATE" | "CMD_DELETE"): readonly Sight[] {
  return nodesOf("MergeStmt", statement).flatMap(({ relation, joinCondition, mergeWhenClauses = [] }) => {
    const isBounded = joinCondition !== undefined && !isEveryRow(joinCondition);
    const doesIt = mergeWhenClauses.some(
      (node) =>
        "MergeWhenClause" in node &&
        node.MergeWhenClause.commandType === command &&
        (node.MergeWhenClause.condition === undefined || isEveryRow(node.MergeWhenClause.condition)),
    );
    return doesIt && !isBounded ? [{ table: nameOf(relation), part: null }] : [];
  });
}

/** Whether a condition looks at no row: `true`, `1 = 1`, `random() < 0.5`, or one of these beside another by `or`. */
function isEveryRow(condition: Node): boolean {
  if ("CurrentOfExpr" in condition) return false;
  if ("BoolExpr" in condition) {
    const { boolop, args = [] } = condition.BoolExpr;
    return boolop === "OR_EXPR" ? args.some(isEveryRow) : args.every(isEveryRow);
  }
  return nodesOf("ColumnRef", condition).length === 0 && nodesOf("SubLink", condition).length === 0;
}
