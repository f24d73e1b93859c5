import { type Sql, sql } from "../../postgres/sql/sql.ts";
import { toArrayText } from "../../postgres/sql/text-array.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import type { StoreSchema } from "../schema/store-schema.ts";
import { type StoredReject, toReject } from "./rejects.ts";

const pageRows = 1_000;

/** All rejects of a run in key order, one page at a time; each page is read in its own short transaction. */
export async function* rejectPages(
  db: Queryable,
  schema: StoreSchema,
  run: bigint,
): AsyncGenerator<readonly StoredReject[]> {
  let beyond: Sql = sql`true`;
  for (;;) {
    const { rows } = await db.query(sql`
      select key, range_number, sqlstate, reason, rejected_at
      from ${schema.table("reject")}
      where run_id = ${run}::bigint
        and ${beyond}
      order by key
      limit ${pageRows}`);
    const page = rows.map(toReject);
    yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < pageRows) return;
    beyond = sql`key > ${toArrayText(last.key)}::text[]`;
  }
}

/** How many columns the keys of a run's rejects have. */
export async function rejectKeyWidth(db: Queryable, schema: StoreSchema, run: bigint): Promise<number> {
  const { rows } = await db.query(sql`
    select coalesce(max(pg_catalog.cardinality(key)), 1) as width
    from ${schema.table("reject")}
    where run_id = ${run}::bigint`);
  return Number(rows[0]?.width ?? 1);
}

/** A reject with its place on the list. */
export interface ListedReject extends StoredReject {
  readonly number: bigint;
}

/** One page of the rejects of a run, in the order in which they were listed: those after `number`. */
export async function rejectsAfter(
  db: Queryable,
  schema: StoreSchema,
  run: bigint,
  { number, most }: { readonly number: bigint; readonly most: number },
): Promise<readonly ListedReject[]> {
  const { rows } = await db.query(sql`
    select number, key, range_number, sqlstate, reason, rejected_at
    from ${schema.table("reject")}
    where run_id = ${run}::bigint
      and number > ${number}::bigint
    order by number
    limit ${most}::integer`);
  return rows.map((row) => ({ number: BigInt(row.number ?? 0), ...toReject(row) }));
}

/** A reason for rejects, and how many rows it was given for. */
export interface RejectReason {
  readonly reason: string;
  readonly sqlstate: string | null;
  readonly rows: number;
}

/** The commonest reasons for a run's rejects. */
export async function reasonsForRejects(
  db: Queryable,
  schema: StoreSchema,
  run: bigint,
  most: number,
): Promise<readonly RejectReason[]> {
  const { rows } = await db.query(sql`
    select reason, sqlstate, pg_catalog.count(*) as rejects
    from ${schema.table("reject")}
    where run_id = ${run}::bigint
    group by reason, sqlstate
    order by rejects desc, reason
    limit ${most}::integer`);
  return rows.map((row) => ({
    reason: row.reason ?? "",
    sqlstate: row.sqlstate ?? null,
    rows: Number(row.rejects ?? 0),
  }));
}
