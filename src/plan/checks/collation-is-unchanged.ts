import { displayName } from "../../job/columns/table.ts";
import type { Relation } from "../../postgres/catalog/relation.ts";
import { displayIdentifier, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { Check, Refusal } from "../open/check.ts";

/** After an upgrade of the system's collations an index may be in another order: rows would be missed. */
export const collationIsUnchanged: Check = async ({ tx, table, relation }) => {
  const { rows } = await tx.query(sql`
    select a.attname, used.collname, used.recorded, used.actual
    from pg_catalog.pg_attribute a
    cross join lateral (
      -- offset 0 keeps PostgreSQL from asking for the versions of all its collations, which takes 10 ms
      select c.collname, c.collversion as recorded, pg_catalog.pg_collation_actual_version(c.oid) as actual
      from pg_catalog.pg_collation c
      where c.oid = a.attcollation
      offset 0
    ) as used
    where a.attrelid = ${relation.oid}::oid
      and a.attname = any (${[...table.key]}::text[])
      and used.recorded is distinct from used.actual
      and used.recorded is not null`);
  return [
    ...(await ofTheDatabase(tx, relation, table.key)),
    ...rows.map((row) => ({
      check: "collation-is-unchanged",
      message: `The collation ${row.collname} of ${displayName(relation)}.${row.attname} was version ${row.recorded} when its index was built and is ${row.actual} now: the index may miss rows.`,
      remedy: `reindex table concurrently ${displayName(relation)}; alter collation "${row.collname}" refresh version;`,
    })),
  ];
};

/** A column without its own collation uses the database's, whose version PostgreSQL records since 15. */
async function ofTheDatabase(
  tx: Transaction,
  relation: Relation,
  key: readonly string[],
): Promise<Refusal[]> {
  const { rows: columns } = await tx.query(sql`
    select a.attname, pg_catalog.current_setting('server_version_num')::integer >= 150000 as is_known
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_collation c on c.oid = a.attcollation and c.collprovider = 'd'
    where a.attrelid = ${relation.oid}::oid
      and a.attname = any (${[...key]}::text[])`);
  const [column] = columns;
  if (column?.is_known !== "t") return [];
  const { rows } = await tx.query(sql`
    select datname, datcollversion as recorded, pg_catalog.pg_database_collation_actual_version(oid) as actual
    from pg_catalog.pg_database
    where datname = pg_catalog.current_database()
      and datcollversion <> pg_catalog.pg_database_collation_actual_version(oid)`);
  return rows.map(({ datname, recorded, actual }) => ({
    check: "collation-is-unchanged",
    message: `The database's collation, which orders ${displayName(relation)}.${column.attname}, was version ${recorded} when its indexes were built and is ${actual} now: the index of the key may miss rows.`,
    remedy: `reindex table concurrently ${displayName(relation)}; alter database ${displayIdentifier(datname ?? "")} refresh collation version;`,
  }));
}
