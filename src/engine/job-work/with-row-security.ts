import { qualifiedName, type Relation } from "../../postgres/catalog/relation.ts";
import { join, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { BatchWork } from "../batch/batch-work.ts";

/**
 * Does the work with row security on, so that triggers meet the policies of other tables as they do in the application. Before that,
 * with it off, `tables` are queried: PostgreSQL raises where a policy would hide rows, and the lock keeps policies from being added
 * until the batch's end.
 */
export function withRowSecurity(work: BatchWork, tables: readonly Relation[]): BatchWork {
  return {
    ...(work.keyAt === undefined ? {} : { keyAt: work.keyAt.bind(work) }),
    ...(work.reasonAt === undefined ? {} : { reasonAt: work.reasonAt.bind(work) }),
    do: async (tx, batch) => {
      await tx.query(turnOn(tables));
      return work.do(tx, batch);
    },
  };
}

/** Planned with row security off, a query of a table with hidden rows is an error, though it reads none. */
function turnOn(tables: readonly Relation[]): Sql {
  const looks = tables.map((table) => sql`not exists (select from ${qualifiedName(table)} where false)`);
  const conditions = looks.length === 0 ? sql`true` : join(looks, " and ");
  return sql`select pg_catalog.set_config('row_security', 'on', true)
      where ${conditions}`;
}
