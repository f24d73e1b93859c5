import { acknowledge, type Known } from "./acknowledge.ts";
import { statementRules } from "./all-rules.ts";
import { look } from "./look.ts";
import { parseSql, parseType, type TypeName } from "./syntax/parse-sql.ts";
import type { Finding } from "./syntax/rule.ts";
import { ScriptState } from "./syntax/script-state.ts";

/** What the checks are told of a text beside its words. */
export interface SqlContext {
  /** whether the caller runs it inside a transaction */
  readonly isTransactional: boolean;
  /** whether it may run more than once */
  readonly isRetried: boolean;
  /** texts that ran before this one, each by itself: nobody uses yet what they created, and their constraints are known */
  readonly textsBefore?: readonly string[];
  /** tables that texts before this one have created and nobody uses yet, such as `app.users` */
  readonly tablesCreatedBefore?: readonly string[];
  /** types of columns as `format_type` prints them, by names such as `app.users.email`: a change known to be free is no finding */
  readonly columnTypes?: Readonly<Record<string, string>>;
  /** reasons by code; a finding for which there is one is left out */
  readonly known?: Known;
}

/**
 * What would harm a live database, statement by statement; empty if nothing would. The text is sent to PostgreSQL whole.
 * Raises `SqlSyntaxError` for a text that PostgreSQL does not parse, `UsageError` for an unknown code in `known`.
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
