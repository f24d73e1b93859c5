import { displayName } from "../../job/table.ts";
import { sql } from "../../postgres/sql.ts";
import type { Check } from "./check.ts";

/** Only a table has rows that can be locked, keyed and written; an inheritance parent has others' rows under its key. */
export const relationIsATable: Check = async ({ tx, relation }) => {
  const name = displayName(relation);
  if (relation.kind !== "table" && relation.kind !== "partitioned table") {
    return [
      {
        check: "relation-is-a-table",
        message: `${name} is a ${relation.kind}; its rows cannot be locked and written in key order.`,
        remedy: "Name the table that holds the rows.",
      },
    ];
  }
  if (!relation.hasChildren) return [];
  const { rows } = await tx.query(sql`
    select inhrelid::pg_catalog.regclass::text as child
    from pg_catalog.pg_inherits
    where inhparent = ${relation.oid}::oid
    limit 1`);
  if (rows[0] === undefined) return [];
  return [
    {
      check: "relation-is-a-table",
      message: `${name} has tables that inherit from it (${rows[0].child}): its key is not unique across them.`,
      remedy: "Write one job for each of the tables, or use declarative partitioning.",
    },
  ];
};
