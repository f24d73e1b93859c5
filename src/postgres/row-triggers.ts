import type { Relation } from "./catalog.ts";
import type { Queryable } from "./database.ts";
import { join, raw, type Sql, sql } from "./sql.ts";

/** What happens to a row when a trigger `before` it is called. */
export type RowEvent = "insert" | "update" | "delete";

/** Bits of `pg_trigger.tgtype`: for each row, before the event, and the event itself. */
const beforeRow: Readonly<Record<RowEvent, number>> = {
  insert: 1 + 2 + 4,
  delete: 1 + 2 + 8,
  update: 1 + 2 + 16,
};

/** Whether a trigger of a table, or of a partition, sees each row before the event: it could change the row or swallow the write. */
export async function hasTriggerBefore(db: Queryable, relation: Relation, event: RowEvent): Promise<boolean> {
  const { rows } = await db.query(sql`select ${triggerExistsBefore(relation, event)} as found`);
  return rows[0]?.found === "t";
}

/** The names of the triggers of a table that see rows before any event. */
export async function triggersBefore(db: Queryable, relation: Relation): Promise<readonly string[]> {
  const events = Object.keys(beforeRow) as RowEvent[];
  const { rows } = await db.query(sql`
    select distinct tgname
    from pg_catalog.pg_trigger
    where ${join(
      events.map((event) => sql`(${isTriggerBefore(relation, event)})`),
      " or ",
    )}
    order by tgname`);
  return rows.map(({ tgname }) => tgname ?? "");
}

/** The condition, for a statement, that the table has such a trigger at that moment. */
export function triggerExistsBefore(relation: Relation, event: RowEvent): Sql {
  return sql`exists (
          select from pg_catalog.pg_trigger
          where ${isTriggerBefore(relation, event)})`;
}

function isTriggerBefore({ oid }: Relation, event: RowEvent): Sql {
  const bits = raw(String(beforeRow[event]));
  return sql`(tgrelid = ${oid}::oid
        or tgrelid in (select relid from pg_catalog.pg_partition_tree(${oid}::oid)))
      and not tgisinternal
      and tgenabled <> 'D'
      and tgtype & ${bits} = ${bits}`;
}
