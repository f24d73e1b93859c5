import { UsageError } from "../../errors.ts";
import { howToBuild, sqlWithin } from "../../postgres/sql/built-query.ts";
import type { Sql } from "../../postgres/sql/sql.ts";

/** The values of a sink's columns as SQL, frozen; `sink` is its name in messages. @throws UsageError */
export function requireExpressions(
  sink: string,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, Sql>> {
  const entries = Object.entries(given).map(([column, expression]): [string, Sql] => {
    const piece = sqlWithin(expression);
    if (piece !== null) return [column, piece];
    throw new UsageError(`The value of ${column} in ${sink} is not SQL.`, {
      remedy: `${howToBuild} Or name columns and use defineJob.`,
    });
  });
  return Object.freeze(Object.fromEntries(entries));
}

/** Expressions as plain data, for fingerprints. */
export function describeExpressions(expressions: Readonly<Record<string, Sql>>): unknown {
  return Object.fromEntries(Object.entries(expressions).map(([column, each]) => [column, each.describe()]));
}
