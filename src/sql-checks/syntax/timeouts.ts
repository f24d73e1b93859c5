import type { Node } from "./parse-sql.ts";

const names = ["lock_timeout", "statement_timeout"];

/** The timeouts that a statement sets or resets. */
export function timeoutsIn(statement: Node): readonly string[] {
  if (!("VariableSetStmt" in statement)) return [];
  const { kind, name = "" } = statement.VariableSetStmt;
  return kind === "VAR_RESET_ALL" ? names : names.filter((each) => each === name);
}

/** The timeouts that a statement turns off: 0 is no limit, and a reset removes the caller's limit. */
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
