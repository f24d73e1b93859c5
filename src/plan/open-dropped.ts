import { createHash } from "node:crypto";
import { RefusedError, UsageError } from "../errors.ts";
import { displayName } from "../job/columns/table.ts";
import type { Job } from "../job/definition/define-job.ts";
import type { Step } from "../job/steps/steps.ts";
import { readKey } from "../postgres/catalog/key-index.ts";
import { findRelation, type Relation } from "../postgres/catalog/relation.ts";
import { sql } from "../postgres/sql/sql.ts";
import type { Database, Transaction } from "../postgres/transaction/database.ts";
import { lookBriefly } from "../postgres/transaction/look-briefly.ts";
import { OpenedTable } from "../source/table/opened-table.ts";
import { TableRows } from "../source/table/table-rows.ts";
import type { OpenedJob } from "./open/opened-job.ts";

/** The part of a job that a backup of what the job may destroy needs. */
export type BackupScope = Pick<OpenedJob, "job" | "table" | "writes" | "isPersonal" | "scopeFingerprint">;

/**
 * The table from which a job with only steps drops something, with all its rows in the order of its primary
 * key.
 * @throws UsageError where it drops nothing, or from several tables; RefusedError where the table does not
 * exist or has no key
 */
export async function openDropped(db: Database, job: Job): Promise<BackupScope> {
  const drops = job.contract.filter(isDrop);
  const [first] = drops;
  const names = new Set(drops.map(({ table }) => displayName(table)));
  if (first === undefined || names.size > 1)
    throw new UsageError(
      first === undefined
        ? `Job ${job.name} drops no column and no table: there is nothing to back up.`
        : `Job ${job.name} drops something from ${[...names].join(" and ")}; a backup covers one table.`,
      { remedy: "Write a job for each table, or add your own check to the job: backup: { check }." },
    );
  const open = async (tx: Transaction): Promise<OpenedTable> => {
    const relation = await findRelation(tx, first.table);
    if (relation === null) throw noTable(first.table);
    return openWhole(tx, relation);
  };
  const table = await lookBriefly(db, (briefly) => briefly.transaction(open));
  const essence = JSON.stringify([table.relation.schema, table.relation.name, drops.map(({ name }) => name)]);
  const scopeFingerprint = createHash("sha256").update(essence).digest("hex");
  return { job, table, writes: [], isPersonal: job.personalData, scopeFingerprint };
}

async function openWhole(tx: Transaction, relation: Relation): Promise<OpenedTable> {
  const { rows } = await tx.query(sql`
    select a.attname
    from pg_catalog.pg_index i
    cross join lateral pg_catalog.unnest(i.indkey) with ordinality as part (attnum, place)
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = part.attnum
    where i.indrelid = ${relation.oid}::oid
      and i.indisprimary
      and part.place <= i.indnkeyatts
    order by part.place`);
  const names = rows.map(({ attname }) => attname ?? "");
  if (names.length === 0) throw noKey(relation);
  const { schema, name } = relation;
  const described = { schema, name, key: names, columns: {}, personalData: [] };
  const all = new TableRows(described, [], null, null);
  const use = { travels: false, metBy: null };
  return new OpenedTable(all, relation, await readKey(tx, relation, names), null, use);
}

function isDrop(step: Step): step is Extract<Step, { readonly kind: "drop column" | "drop table" }> {
  return step.kind === "drop column" || step.kind === "drop table";
}

function noTable(named: Parameters<typeof displayName>[0]): RefusedError {
  return new RefusedError(
    "relation-is-a-table",
    `There is no table ${displayName(named)} in this database, or not in the search path.`,
    "Check the connection and the name; write schema.table for one outside of the search path.",
  );
}

function noKey(relation: Relation): RefusedError {
  return new RefusedError(
    "key-orders-the-rows",
    `${displayName(relation)} has no primary key, which a backup needs to read its rows in order.`,
    "Name a check of your own in the job, of the last backup that holds it: backup: { check }.",
  );
}
