import { UsageError } from "../errors.ts";
import { catalogNameOf } from "../job/column-types.ts";
import { isStandardSchema, type ParameterSpec } from "../job/parameters.ts";
import type { Transaction } from "../postgres/database.ts";
import { sqlstateOf } from "../postgres/failure.ts";
import { quoteIdentifier, raw, sql } from "../postgres/sql.ts";

/** Dates and the like only PostgreSQL can read: it is asked before the job's SQL would be blamed for them. @throws UsageError */
export async function requireParametersFit(
  tx: Transaction,
  spec: ParameterSpec,
  parameters: object,
): Promise<void> {
  if (isStandardSchema(spec)) return;
  const given = parameters as Readonly<Record<string, unknown>>;
  for (const [name, type] of Object.entries(spec)) {
    const value = given[name];
    if (typeof value !== "string") continue;
    const cast = raw(`pg_catalog.${quoteIdentifier(catalogNameOf(type))}`);
    await tx.query(sql`select ${value}::text::${cast} as value`).catch((cause: unknown) => {
      if (sqlstateOf(cause)?.startsWith("22") !== true) throw cause;
      throw new UsageError(`The parameters do not fit the job:\n  ${name}: what was given is no ${type}`);
    });
  }
}
