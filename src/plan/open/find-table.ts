import { displayName, type Table } from "../../job/columns/table.ts";
import { findRelation, type Relation } from "../../postgres/catalog/relation.ts";
import { displayIdentifier, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { Refusal } from "./check.ts";

/** Finds the table that a job names; null with a reason when the role can see none. */
export async function findTable(
  tx: Transaction,
  table: Table,
): Promise<{ readonly relation: Relation | null; readonly refusals: readonly Refusal[] }> {
  const hidden = table.schema === null ? [] : await whereHidden(tx, table.schema);
  if (hidden.length > 0) return { relation: null, refusals: hidden };
  const relation = await findRelation(tx, table);
  return { relation, refusals: relation === null ? [noSuchTable(displayName(table))] : [] };
}

/** PostgreSQL does not reveal what is in a schema that a role may not use. */
async function whereHidden(tx: Transaction, schema: string): Promise<Refusal[]> {
  const { rows } = await tx.query(sql`
    select current_user as role
    from pg_catalog.pg_namespace
    where nspname = ${schema}
      and not pg_catalog.has_schema_privilege(oid, 'usage')`);
  return rows.map(({ role }) => ({
    check: "relation-is-a-table",
    message: `The role ${role} may not use the schema ${schema}.`,
    remedy: `grant usage on schema ${displayIdentifier(schema)} to ${displayIdentifier(role ?? "")};`,
  }));
}

function noSuchTable(name: string): Refusal {
  return {
    check: "relation-is-a-table",
    message: `There is no table ${name} in this database, or not in the search path.`,
    remedy: "Check the connection and the name; write schema.table for one outside of the search path.",
  };
}
