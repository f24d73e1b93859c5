import { type Sql, sql } from "../../postgres/sql/sql.ts";
import { fromTextArray, toArrayText } from "../../postgres/sql/text-array.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import type { StoreSchema } from "../schema/store-schema.ts";
import type { StoredReject } from "./rejects.ts";

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
    const page = rows.map((row) => ({
      key: fromTextArray(row.key) ?? [],
      range: BigInt(row.range_number ?? 0),
      sqlstate: row.sqlstate ?? null,
      reason: row.reason ?? "",
      rejectedAt: row.rejected_at ?? "",
    }));
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
