import { displayName } from "../../job/columns/table.ts";
import type { Relation } from "../../postgres/catalog/relation.ts";
import { displayIdentifier, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { Refusal } from "../open/check.ts";

/** A verify finds rows by address in each partition: with column privileges, that needs one of its own. */
export async function rowsCanBeVerified(
  tx: Transaction,
  relation: Relation,
  read: readonly string[],
): Promise<Refusal[]> {
  const { rows } = await tx.query(sql`
    select n.nspname, c.relname, current_user as role,
      pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' order by a.attnum) as columns
    from (
      select ${relation.oid}::oid as oid
      union
      select relid from pg_catalog.pg_partition_tree(${relation.oid}::oid) where isleaf
    ) as heap
    join pg_catalog.pg_class c on c.oid = heap.oid and c.relkind = 'r'
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = any (${["ctid", ...read]}::text[])
    where not pg_catalog.has_column_privilege(c.oid, a.attnum, 'select')
    group by n.nspname, c.relname`);
  return rows.map(({ nspname, relname, role, columns }) => {
    const name = displayName({ schema: nspname ?? "", name: relname ?? "" });
    return {
      check: "rows-can-be-verified",
      message: `A verify finds the rows of ${name} by their addresses, but the role ${role} may not select ${columns}.`,
      remedy: `grant select (${columns}) on ${name} to ${displayIdentifier(role ?? "")};`,
    };
  });
}
