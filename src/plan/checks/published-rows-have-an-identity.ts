import { displayName } from "../../job/table.ts";
import { sql } from "../../postgres/sql.ts";
import type { Check } from "./check.ts";

/** PostgreSQL refuses an update of a published table whose rows subscribers could not tell apart. */
export const publishedRowsHaveAnIdentity: Check = async ({ tx, relation, verb }) => {
  if (verb === null || verb === "insert") return [];
  const { rows } = await tx.query(sql`
    select p.pubname
    from pg_catalog.pg_publication_tables pt
    join pg_catalog.pg_publication p on p.pubname = pt.pubname
    join pg_catalog.pg_class c on c.oid = ${relation.oid}::oid
    where pt.schemaname = ${relation.schema}
      and pt.tablename = ${relation.name}
      and case ${verb} when 'delete' then p.pubdelete else p.pubupdate end
      and (c.relreplident = 'n' or c.relreplident = 'd' and not exists (
        select from pg_catalog.pg_index i where i.indrelid = c.oid and i.indisprimary))
    limit 1`);
  if (rows[0] === undefined) return [];
  return [
    {
      check: "published-rows-have-an-identity",
      message: `${displayName(relation)} is published by ${rows[0].pubname} and has no replica identity: PostgreSQL would refuse every ${verb}.`,
      remedy: `alter table ${displayName(relation)} replica identity using index …;`,
    },
  ];
};
