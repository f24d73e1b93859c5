import { displayName } from "../../job/columns/table.ts";
import { sql } from "../../postgres/sql/sql.ts";
import type { Check } from "../open/check.ts";

/** A policy that filters rows for this role would make the run silently skip them. */
export const rowSecurityHidesNothing: Check = async ({ tx, relation }) => {
  if (!relation.hasRowSecurity) return [];
  // Our transactions set row_security to off, which makes row_security_active false: this reads what decides
  // it.
  const { rows } = await tx.query(sql`
    select current_user as role,
      pg_catalog.pg_has_role(c.relowner, 'usage') as is_owner,
      not r.rolbypassrls and not r.rolsuper
        and (c.relforcerowsecurity or not pg_catalog.pg_has_role(c.relowner, 'usage')) as filtered
    from pg_catalog.pg_class c, pg_catalog.pg_roles r
    where c.oid = ${relation.oid}::oid
      and r.rolname = current_user`);
  if (rows[0]?.filtered !== "t") return [];
  return [
    {
      check: "row-security-hides-nothing",
      message: `Row security hides rows of ${displayName(relation)} from the role ${rows[0].role}: they would be missed.`,
      remedy:
        rows[0].is_owner === "t"
          ? `The table applies its policies to its owner, too. For the duration of the run: alter table ${displayName(relation)} no force row level security;   or run as a role with the attribute bypassrls.`
          : "Run as the table's owner, or as a role with the attribute bypassrls.",
    },
  ];
};
