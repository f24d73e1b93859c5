import { displayName } from "../../job/columns/table.ts";
import { sql } from "../../postgres/sql/sql.ts";
import type { Check } from "../open/check.ts";

const rules: Readonly<Record<string, string>> = { c: "cascade", n: "set null", d: "set default" };

/** A delete that also deletes or changes rows of other tables could not be undone completely. */
export const deleteTakesNoOthers: Check = async ({ tx, job, relation, verb }) => {
  if (verb !== "delete" || !job.undoable) return [];
  const { rows } = await tx.query(sql`
    select c.conname, c.conrelid::pg_catalog.regclass::text as other, c.confdeltype
    from pg_catalog.pg_constraint c
    where c.confrelid = ${relation.oid}::oid
      and c.contype = 'f'
      and c.confdeltype in ('c', 'n', 'd')
      and c.conparentid = 0
    order by 1`);
  return rows.map(({ conname, other, confdeltype }) => ({
    check: "delete-takes-no-others",
    message: `Deleting a row of ${displayName(relation)} changes rows of ${other} (${conname}, on delete ${rules[confdeltype ?? ""]}); no undo log would hold them.`,
    remedy: `Process the rows of ${other} first, by a job of their own; or write undoable: false, and make a backup.`,
  }));
};
