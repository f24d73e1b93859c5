import { acknowledge, type Known } from "./acknowledge.ts";
import { statementRules } from "./all-rules.ts";
import { look } from "./look.ts";
import { parseSql, parseType, type TypeName } from "./syntax/parse-sql.ts";
import type { Finding } from "./syntax/rule.ts";
import { ScriptState } from "./syntax/script-state.ts";

/** What the checks know about a text besides its SQL. */
export interface SqlContext {
  /** whether the caller runs it inside a transaction */
  readonly isTransactional: boolean;
  /** whether it may run more than once */
  readonly isRetried: boolean;
  /** texts that ran before this one, one by one; what they created is not in use yet, and is known */
  readonly textsBefore?: readonly string[];
  /** tables that earlier texts created and that are not in use yet, such as `app.users` */
  readonly tablesCreatedBefore?: readonly string[];
  /** types as `format_type` prints them, by column such as `app.users.email`; a free change is no finding */
  readonly columnTypes?: Readonly<Record<string, string>>;
  /** reasons by code; a finding with a reason is left out */
  readonly known?: Known;
}

/**
 * What would harm a live database, statement by statement. The caller sends the text to PostgreSQL whole.
 * Raises `SqlSyntaxError` if PostgreSQL cannot parse it, `UsageError` for an unknown code in `known`.
 */
export async function checkSql(text: string, context: SqlContext): Promise<readonly Finding[]> {
  const statements = await parseSql(text);
  const soFar = new ScriptState({
    isTransactional: context.isTransactional,
    isRetried: context.isRetried,
    tablesCreatedBefore: context.tablesCreatedBefore ?? [],
    columnTypes: await parseTypes(context.columnTypes ?? {}),
    statements: statements.length,
  });
  for (const before of context.textsBefore ?? []) {
    for (const { node } of await parseSql(before)) soFar.pass(node);
    soFar.endText();
  }
  const findings = statements.flatMap((statement) => {
    const found = look(statementRules, statement, text, soFar.context());
    soFar.pass(statement.node);
    return found;
  });
  return acknowledge(findings, context.known ?? {});
}

async function parseTypes(types: Readonly<Record<string, string>>): Promise<ReadonlyMap<string, TypeName>> {
  const entries = Object.entries(types).map(
    async ([column, type]) => [column, await parseType(type)] as const,
  );
  return new Map(await Promise.all(entries));
}
