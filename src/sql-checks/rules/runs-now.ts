import type { Node } from "../syntax/parse-sql.ts";
import { isOn } from "./is-on.ts";

const running = [
  "SelectStmt",
  "InsertStmt",
  "UpdateStmt",
  "DeleteStmt",
  "MergeStmt",
  "CreateTableAsStmt",
  "CopyStmt",
  "CallStmt",
];

/** Whether a statement runs its queries; a view, a function, a rule or a bare `explain` does not. */
export function runsNow(statement: Node): boolean {
  if ("ExplainStmt" in statement) return isOn("analyze", statement.ExplainStmt.options);
  return running.some((kind) => kind in statement);
}
