import { UsageError } from "../../errors.ts";
import { asParameter } from "./as-parameter.ts";
import { Sql } from "./sql.ts";
import { sqlTokens } from "./sql-tokens.ts";

/**
 * A query that another library has built, with its values apart: `{ sql, parameters }` of Kysely's
 * `compile()`, `{ sql, params }` of Drizzle's `toSQL()`, `{ text, values }` as `pg` takes it.
 */
export type BuiltQuery = ({ readonly sql: string } | { readonly text: string }) &
  (
    | { readonly parameters: readonly unknown[] }
    | { readonly params: readonly unknown[] }
    | { readonly values: readonly unknown[] }
  );

/** What is accepted wherever a job takes SQL. */
export type SqlLike = Sql | BuiltQuery;

/**
 * A query of another library as a piece of SQL, for use inside of `` sql`…` ``. The call is required: a value
 * that happens to look like a query must never become SQL text.
 * @throws UsageError for what is not a query, or whose `$1`, `$2`, … do not match its parameters
 */
export function asSql(query: SqlLike): Sql {
  const piece = sqlWithin(query);
  if (piece === null)
    throw new UsageError("asSql was given something that is not a query.", { remedy: howToBuild });
  return piece;
}

/** The same, but returns null for what is not a query, so that the caller can name it in its error. */
export function sqlWithin(given: unknown): Sql | null {
  if (given instanceof Sql) return given;
  if (typeof given !== "object" || given === null) return null;
  const {
    sql,
    text = sql,
    parameters,
    params = parameters,
    values = params,
  } = given as Record<string, unknown>;
  return typeof text === "string" && Array.isArray(values) ? splitPlaceholders(text, values) : null;
}

/** The remedy for something that is not a query. */
export const howToBuild =
  "Write sql`…`, or pass a built query: `.compile()` of Kysely, `.toSQL()` of Drizzle, { text, values }.";

const placeholders = new RegExp(
  [...Object.values(sqlTokens), String.raw`(?<![\w$])\$(?<number>\d+)`].join("|"),
  "g",
);

/** A text with `$1`, `$2`, … in any order, possibly repeated, as a piece with values in the text's order. */
function splitPlaceholders(text: string, given: readonly unknown[]): Sql {
  const parts: string[] = [];
  const values: unknown[] = [];
  const used = new Set<number>();
  let from = 0;
  for (const found of text.matchAll(placeholders)) {
    const number = Number(found.groups?.number ?? 0);
    if (number === 0) continue;
    parts.push(text.slice(from, found.index));
    from = found.index + found[0].length;
    values.push(asParameter(given[number - 1] ?? null));
    used.add(number);
  }
  if (used.size !== given.length || Math.max(0, ...used) > given.length)
    throw new UsageError(
      `A built query has ${given.length} parameters, but its text uses ${[...used].map((number) => `$${number}`).join(", ") || "none"}.`,
      { remedy: "Pass the query as its library compiled it for PostgreSQL." },
    );
  return new Sql([...parts, text.slice(from)], values);
}
