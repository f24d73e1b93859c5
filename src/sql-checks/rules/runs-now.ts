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

/** Whether the queries in a statement run with it: not those of a view, a function, a rule or a bare `explain`. */
export function runsNow(statement: Node): boolean {
  if ("ExplainStmt" in statement) return isOn("analyze", statement.ExplainStmt.options);
  return running.some((kind) => kind in statement);
}
