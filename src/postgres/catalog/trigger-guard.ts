import { join, raw, type Sql, sql } from "../sql/sql.ts";
import type { Queryable } from "../transaction/database.ts";
import type { Relation } from "./relation.ts";

/** The event for which a trigger `before` is called. */
export type RowEvent = "insert" | "update" | "delete";

/** Bits of `pg_trigger.tgtype`: for each row, before the event, and the event itself. */
const beforeRow: Readonly<Record<RowEvent, number>> = {
  insert: 1 + 2 + 4,
  delete: 1 + 2 + 8,
  update: 1 + 2 + 16,
};

/**
 * Remembers whether a table has triggers of a kind. Checking in every statement would be slow: the
 * table is checked once, and the last statement of each batch checks that none has been added since.
 */
export class TriggerGuard {
  readonly #exists: Sql;
  #isThere = false;

  private constructor(exists: Sql) {
    this.#exists = exists;
  }

  /** Guards against triggers that see a row before one of these events, and may change or swallow it. */
  static async open(db: Queryable, relation: Relation, events: readonly RowEvent[]): Promise<TriggerGuard> {
    const each = events.map((event) => triggerExistsBefore(relation, event));
    return TriggerGuard.#open(db, sql`(${join(each, " or ")})`);
  }

  /**
   * Guards against any trigger that an update of the table calls: it may write to other rows of the table, or
   * to the same row once more. What moves a row to another partition calls triggers for other events, too.
   */
  static async openForUpdates(db: Queryable, relation: Relation): Promise<TriggerGuard> {
    return TriggerGuard.#open(
      db,
      sql`exists (
          select from pg_catalog.pg_trigger
          where ${isOfTable(relation)}
            and (not tgisinternal or tgconstrrelid = tgrelid)
            and tgenabled <> 'D'
            and (tgtype & 16 = 16 or tgrelid <> ${relation.oid}::oid))`,
    );
  }

  static async #open(db: Queryable, exists: Sql): Promise<TriggerGuard> {
    const guard = new TriggerGuard(exists);
    await guard.look(db);
    return guard;
  }

  get isThere(): boolean {
    return this.#isThere;
  }

  /** The condition that no trigger was added unnoticed; one that was removed does no harm. */
  get condition(): Sql {
    return sql`not ${this.#exists}`;
  }

  async look(db: Queryable): Promise<void> {
    const { rows } = await db.query(sql`select ${this.#exists} as found`);
    // A batch under way may rely on it: once a trigger was there, it is assumed to the end.
    if (rows[0]?.found === "t") this.#isThere = true;
  }
}

/** Whether one of these tables, which had no trigger, has one now. */
export async function hasCome(db: Queryable, absent: readonly TriggerGuard[]): Promise<boolean> {
  for (const guard of absent) await guard.look(db);
  return absent.some(({ isThere }) => isThere);
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

function isTriggerBefore(relation: Relation, event: RowEvent): Sql {
  const bits = raw(String(beforeRow[event]));
  return sql`${isOfTable(relation)}
      and not tgisinternal
      and tgenabled <> 'D'
      and tgtype & ${bits} = ${bits}`;
}

/** The condition that a trigger belongs to the table or to a partition of it. */
function isOfTable({ oid }: Relation): Sql {
  return sql`(tgrelid = ${oid}::oid
        or tgrelid in (
          with recursive part (oid) as (
            select ${oid}::oid
            union all
            select i.inhrelid from part join pg_catalog.pg_inherits i on i.inhparent = part.oid
          )
          select oid from part))`;
}
