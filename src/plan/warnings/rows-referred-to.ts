import { displayName } from "../../job/columns/table.ts";
import { type Reference, readReferences } from "../../postgres/catalog/references.ts";
import { displayIdentifier } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { Refusal } from "../open/check.ts";
import type { WrittenTable } from "../open/opened-job.ts";

/** Rows that others refer to are not deleted: each of them would be a reject. */
export async function rowsReferredTo(
  tx: Transaction,
  { relation, verb }: WrittenTable,
): Promise<readonly Refusal[]> {
  if (verb !== "delete") return [];
  const own = displayName(relation);
  const references = await readReferences(tx, relation);
  return references
    .filter(({ onDelete, isOfItself, pages }) => onDelete === "refuse" && !isOfItself && pages > 0)
    .map((reference) => ({
      check: "referred-rows",
      message: `${reference.table} refers to rows of ${reference.of} by ${reference.constraint}: those that it refers to are refused, row by row.`,
      remedy:
        reference.of === own
          ? `Delete those of ${reference.table} first, or leave them out of the job: ${notReferred(reference)}`
          : `Delete those of ${reference.table} first, which go with ${own} by on delete cascade otherwise.`,
    }));
}

/** The condition for the job's `where` that no row refers to a row. */
export function notReferred({ table, of, columns, referenced }: Reference): string {
  // In the job's own SQL a table is called by its name alone.
  const ours = of.split(".").at(-1);
  const isNamesake = table.split(".").at(-1) === ours;
  const theirs = isNamesake ? "referring" : table.split(".").at(-1);
  const pairs = columns.map(
    (column, index) =>
      `${theirs}.${displayIdentifier(column)} = ${ours}.${displayIdentifier(referenced[index] ?? "")}`,
  );
  return `where not exists (select from ${table}${isNamesake ? " as referring" : ""} where ${pairs.join(" and ")})`;
}
