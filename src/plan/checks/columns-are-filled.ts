import { displayName } from "../../job/columns/table.ts";
import { sql } from "../../postgres/sql/sql.ts";
import type { Check } from "../open/check.ts";

/** An insert without a value for a not-null column without a default would fail for every row. */
export const columnsAreFilled: Check = async ({ tx, relation, written }) => {
  const { rows } = await tx.query(sql`
    select a.attname
    from pg_catalog.pg_attribute a
    where a.attrelid = ${relation.oid}::oid
      and a.attnum > 0
      and not a.attisdropped
      and a.attnotnull
      and not a.atthasdef
      and a.attidentity = ''
      and a.attname <> all (${[...written]}::text[])`);
  return rows.map((row) => ({
    check: "columns-are-filled",
    message: `${displayName(relation)}.${row.attname} is not null and has no default, but the job does not insert it.`,
    remedy: "Add it to the sink's columns, or give it a default.",
  }));
};
