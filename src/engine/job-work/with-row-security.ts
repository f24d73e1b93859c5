import { qualifiedName, type Relation } from "../../postgres/catalog/relation.ts";
import { join, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { BatchWork } from "../batch/batch-work.ts";

/**
 * Work whose writes fire triggers in the session that the application gives them: with row security, so that a policy of another
 * table filters there instead of raising. Of `tables` PostgreSQL says first whether a policy hides rows of ours: then it raises,
 * and none of them can get a policy until the batch's end.
 */
export function asTheApplication(work: BatchWork, tables: readonly Relation[]): BatchWork {
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
