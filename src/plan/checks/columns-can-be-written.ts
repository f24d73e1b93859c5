import { displayName } from "../../job/table.ts";
import { displayIdentifier, sql } from "../../postgres/sql.ts";
import type { Check, Refusal } from "./check.ts";

/** The sink's columns take values, and the role may read and write what the job needs. */
export const columnsCanBeWritten: Check = async ({ tx, relation, read, written }) => {
  const name = displayName(relation);
  const refusals: Refusal[] = written.flatMap((column) => {
    const found = relation.columns.find((candidate) => candidate.name === column);
    if (found === undefined || (!found.isGenerated && !found.isIdentityAlways)) return [];
    const how = found.isGenerated ? "a generated column" : "an identity column that is always generated";
    return [
      {
        check: "columns-can-be-written",
        message: `${name}.${column} is ${how}; PostgreSQL refuses values for it.`,
        remedy: "Take it out of the sink's columns.",
      },
    ];
  });
  const missing = [
    ...(await withoutPrivilege(tx, relation.oid, "select", read)),
    ...(await withoutPrivilege(tx, relation.oid, "update", written)),
  ];
  for (const { role, privilege, column } of missing) {
    refusals.push({
      check: "columns-can-be-written",
      message: `The role ${role} may not ${privilege} ${name}.${column}.`,
      remedy: `grant ${privilege} (${displayIdentifier(column)}) on ${name} to ${displayIdentifier(role)};`,
    });
  }
  return refusals;
};

async function withoutPrivilege(
  tx: Parameters<Check>[0]["tx"],
  oid: string,
  privilege: "select" | "update",
  columns: readonly string[],
): Promise<{ readonly role: string; readonly privilege: string; readonly column: string }[]> {
  const { rows } = await tx.query(sql`
    select current_user as role, a.attname
    from pg_catalog.pg_attribute a
    where a.attrelid = ${oid}::oid
      and a.attname = any (${[...columns]}::text[])
      and not pg_catalog.has_column_privilege(a.attrelid, a.attnum, ${privilege})`);
  return rows.map((row) => ({ role: row.role ?? "", privilege, column: row.attname ?? "" }));
}
