import { displayName } from "../../job/columns/table.ts";
import { sql } from "../../postgres/sql/sql.ts";
import type { Check } from "../open/check.ts";

/** A row that is inserted without a value for a column that must have one would be refused, each of them. */
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
    message: `${displayName(relation)}.${row.attname} may not be null and has no default, and the job does not insert it.`,
    remedy: "Add it to the sink's columns, or give it a default.",
  }));
};
