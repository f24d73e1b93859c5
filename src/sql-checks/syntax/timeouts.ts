import type { Node } from "./parse-sql.ts";

const names = ["lock_timeout", "statement_timeout"];

/** The limits of waiting and working that a statement sets, puts back or takes away. */
export function timeoutsIn(statement: Node): readonly string[] {
  if (!("VariableSetStmt" in statement)) return [];
  const { kind, name = "" } = statement.VariableSetStmt;
  return kind === "VAR_RESET_ALL" ? names : names.filter((each) => each === name);
}

/** Those of them that hold no more after it: 0 is no limit, and to put one back is to take away the caller's. */
export function offOf(statement: Node): readonly string[] {
  const timeouts = timeoutsIn(statement);
  if (timeouts.length === 0 || !("VariableSetStmt" in statement)) return [];
  const { kind, args = [] } = statement.VariableSetStmt;
  return kind !== "VAR_SET_VALUE" || args.some(isZero) ? timeouts : [];
}

function isZero(node: Node): boolean {
  if (!("A_Const" in node)) return false;
  const { ival, fval, sval } = node.A_Const;
  if (ival !== undefined) return (ival.ival ?? 0) === 0;
  return Number.parseFloat(fval?.fval ?? sval?.sval ?? "1") === 0;
}
