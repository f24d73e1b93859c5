import type { Parsed } from "./syntax/parse-sql.ts";
import { placeOf } from "./syntax/place.ts";
import type { Finding, Rule, StatementContext } from "./syntax/rule.ts";

/** The findings of the rules in one statement, each once. Most rules spare a table that is not in use yet. */
export function look(
  rules: readonly Rule[],
  { node, number, index, longNames }: Parsed,
  text: string,
  context: Omit<StatementContext, "longNames">,
): readonly Finding[] {
  const findings = new Map<string, Finding>();
  for (const { code, reason, safeForm, sparesNoTable, find } of rules) {
    for (const { table, part } of find(node, { ...context, longNames })) {
      if (sparesNoTable !== true && table !== null && context.tablesCreatedBefore.has(table)) continue;
      const statement = { number, ...placeOf(text, index) };
      findings.set(JSON.stringify([code, table, part]), { code, reason, safeForm, table, part, statement });
    }
  }
  return [...findings.values()];
}
