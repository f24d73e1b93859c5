import { displayName } from "../../job/columns/table.ts";
import type { Relation } from "../../postgres/catalog/relation.ts";
import { displayIdentifier, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { Check, CheckSubject, Refusal } from "../open/check.ts";

/** The sink's columns accept values, and the role may read and write what the job needs. */
export const columnsCanBeWritten: Check = async (subject) => {
  const { tx, relation, read, written, verb } = subject;
  const name = displayName(relation);
  const refusals = generatedAmong(subject);
  const missing = [
    ...(await withoutPrivilege(tx, relation.oid, "select", read)),
    ...(verb === null || verb === "delete" ? [] : await withoutPrivilege(tx, relation.oid, verb, written)),
  ];
  for (const { role, privilege, column } of missing) {
    refusals.push({
      check: "columns-can-be-written",
      message: `The role ${role} may not ${privilege} ${name}.${column}.`,
      remedy: `grant ${privilege} (${displayIdentifier(column)}) on ${name} to ${displayIdentifier(role)};`,
    });
  }
  if (verb === "delete") refusals.push(...(await withoutDelete(tx, relation)));
  return refusals;
};

/** Columns whose values PostgreSQL generates. */
function generatedAmong({ relation, written, verb, conflict, overridesIdentity }: CheckSubject): Refusal[] {
  const updated = verb === "update" ? written : conflict?.do === "update" ? conflict.columns : [];
  return written.flatMap((column) => {
    const found = relation.columns.find((candidate) => candidate.name === column);
    const isIdentity = found?.isIdentityAlways === true && (updated.includes(column) || !overridesIdentity);
    if (found?.isGenerated !== true && !isIdentity) return [];
    const how = isIdentity ? "an identity column that is always generated" : "a generated column";
    const mayOverride = isIdentity && !updated.includes(column);
    return [
      {
        check: "columns-can-be-written",
        message: `${displayName(relation)}.${column} is ${how}; PostgreSQL refuses values for it.`,
        remedy: mayOverride
          ? `Remove it from the sink's columns; or, to keep the rows' own numbers, write insertInto(…, { overriding: "system" }).`
          : "Remove it from the sink's columns.",
      },
    ];
  });
}

async function withoutDelete(tx: Transaction, relation: Relation): Promise<Refusal[]> {
  const { rows } = await tx.query(sql`
    select current_user as role
    where not pg_catalog.has_table_privilege(${relation.oid}::oid, 'delete')`);
  const name = displayName(relation);
  return rows.map(({ role }) => ({
    check: "columns-can-be-written",
    message: `The role ${role} may not delete from ${name}.`,
    remedy: `grant delete on ${name} to ${displayIdentifier(role ?? "")};`,
  }));
}

async function withoutPrivilege(
  tx: Transaction,
  oid: string,
  privilege: "select" | "update" | "insert",
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
