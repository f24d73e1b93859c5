import { qualifiedName, type Relation } from "../../postgres/catalog/relation.ts";
import { join, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { BatchWork } from "../batch/batch-work.ts";

/**
 * Does the work with row security on, so that triggers meet the policies of other tables as in the
 * application. First queries `tables` with row security off: PostgreSQL raises an error where a policy would
 * hide rows, and the query's lock keeps policies from being added until the batch ends.
 */
export function withRowSecurity(work: BatchWork, tables: readonly Relation[]): BatchWork {
  return {
    ...(work.keyAt === undefined ? {} : { keyAt: work.keyAt.bind(work) }),
    ...(work.reasonAt === undefined ? {} : { reasonAt: work.reasonAt.bind(work) }),
    ...(work.look === undefined ? {} : { look: work.look.bind(work) }),
    do: async (tx, batch) => {
      await tx.query(turnOn(tables));
      return work.do(tx, batch);
    },
  };
}

/** With row security off, merely planning a query of a table with hidden rows is an error; no row is read. */
function turnOn(tables: readonly Relation[]): Sql {
  const looks = tables.map((table) => sql`not exists (select from ${qualifiedName(table)} where false)`);
  const conditions = looks.length === 0 ? sql`true` : join(looks, " and ");
  return sql`select pg_catalog.set_config('row_security', 'on', true)
      where ${conditions}`;
}
