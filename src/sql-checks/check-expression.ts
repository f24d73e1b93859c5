import { acknowledge, type Known } from "./acknowledge.ts";
import { expressionRules } from "./all-rules.ts";
import { look } from "./look.ts";
import { parseSql, SqlSyntaxError } from "./syntax/parse-sql.ts";
import type { Finding } from "./syntax/rule.ts";
import { ScriptState } from "./syntax/script-state.ts";

/** What the checks know about an expression besides its text. */
export interface ExpressionContext {
  /** whether a row's value may be computed more than once, as in a batch that is tried again */
  readonly isRetried: boolean;
  /** reasons by code; a finding with a reason is left out */
  readonly known?: Known;
}

const opening = "select (";

/**
 * What gives an SQL expression, such as a column's value in a job, another meaning elsewhere or next time.
 * Raises `SqlSyntaxError` for a text that is not one expression, `UsageError` for an unknown code in `known`.
 */
export async function checkExpression(text: string, context: ExpressionContext): Promise<readonly Finding[]> {
  // The line break ends a comment at the end of the expression.
  const [statement] = await parseSql(`${opening}${text}\n)`).catch((error: unknown) => {
    throw inExpression(error);
  });
  if (statement === undefined || !(await isOneValue(text))) {
    throw new SqlSyntaxError("it is not one expression", { line: 1, column: 1 });
  }
  const { isRetried, known = {} } = context;
  const unknown = { tablesCreatedBefore: [], columnTypes: new Map(), statements: 1 };
  const soFar = new ScriptState({ isTransactional: true, isRetried, ...unknown });
  return acknowledge(look(expressionRules, statement, text, soFar.context()), known);
}

/**
 * `1) from t where (true` closes our parentheses and continues, but it cannot close brackets as well.
 * `a, b` is a row in parentheses, but two elements in an array.
 */
async function isOneValue(text: string): Promise<boolean> {
  const statements = await parseSql(`select array[${text}\n]`).catch(() => []);
  const node = statements[0]?.node;
  if (statements.length !== 1 || node === undefined || !("SelectStmt" in node)) return false;
  const { targetList = [], op: _, limitOption: __, ...rest } = node.SelectStmt;
  const [target] = targetList;
  if (targetList.length !== 1 || Object.keys(rest).length > 0) return false;
  if (target === undefined || !("ResTarget" in target) || target.ResTarget.name !== undefined) return false;
  const { val: value } = target.ResTarget;
  return value !== undefined && "A_ArrayExpr" in value && value.A_ArrayExpr.elements?.length === 1;
}

/** The same error, with its column counted in the author's text. */
function inExpression(error: unknown): unknown {
  if (!(error instanceof SqlSyntaxError) || error.line > 1) return error;
  const column = Math.max(1, error.column - opening.length);
  return new SqlSyntaxError(error.problem, { line: 1, column }, error.cause);
}
