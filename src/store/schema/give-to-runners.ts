import { quoteIdentifier, raw, type Sql, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import { roleNames } from "./role-names.ts";

/**
 * Gives a run's own table to the runner role where `schema print --roles` created it: any of its members may
 * then go on with the run.
 */
export async function giveToRunners(
  tx: Transaction,
  schema: { readonly name: string },
  table: Sql,
): Promise<void> {
  const { runner } = roleNames(schema.name);
  const { rows } = await tx.query(sql`
      select pg_catalog.pg_has_role(oid, case
          when pg_catalog.current_setting('server_version_num')::integer < 160000 then 'MEMBER'
          else 'SET'
        end) as is_ours
      from pg_catalog.pg_roles
      where rolname = ${runner}
        and pg_catalog.has_schema_privilege(oid, ${schema.name}, 'create')`);
  if (rows[0]?.is_ours !== "t") return;
  await tx.query(sql`alter table ${table} owner to ${raw(quoteIdentifier(runner))}`);
}
