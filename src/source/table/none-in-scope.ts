import { qualifiedName } from "../../postgres/catalog/relation.ts";
import { classifyFailure } from "../../postgres/failure/failure.ts";
import { raw, sql } from "../../postgres/sql/sql.ts";
import type { Database } from "../../postgres/transaction/database.ts";
import type { OpenedTable } from "./opened-table.ts";

/**
 * Whether one statement of up to `withinMs` milliseconds finds no row in scope; false also where it takes
 * longer. An index on the condition answers at once. Without one it reads the whole table in the order of its
 * blocks, which costs a fraction of looking at each range by key.
 */
export async function noneInScope(
  db: Database,
  { relation, key, definition }: OpenedTable,
  withinMs: number,
): Promise<boolean> {
  const { filter } = definition;
  if (filter === null) return false;
  const looking = db.transaction(
    async (tx) => {
      await tx.query(sql`select pg_catalog.set_config('enable_seqscan', 'on', true)`);
      return tx.query(sql`select 1
      from ${qualifiedName(relation)} as ${raw(key.alias)}
      where ${filter}
      limit 1`);
    },
    { statementMs: withinMs, lockMs: withinMs / 2, mayBeForgotten: true },
  );
  return looking.then(
    ({ rows }) => rows.length === 0,
    (error: unknown) => {
      if (classifyFailure(error).action === "stop") throw error;
      return false;
    },
  );
}
