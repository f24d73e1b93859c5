import { displayName } from "../../job/columns/table.ts";
import { type Reference, readReferences } from "../../postgres/catalog/references.ts";
import { displayIdentifier } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { Refusal } from "../open/check.ts";
import type { WrittenTable } from "../open/opened-job.ts";

/** Rows that other rows refer to are not deleted: each of them would become a reject. */
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
      message: `${reference.table} refers to rows of ${reference.of} by ${reference.constraint}: PostgreSQL would refuse to delete those, row by row.`,
      remedy:
        reference.of === own
          ? `Delete the rows of ${reference.table} first, or exclude the rows that they refer to from the job: ${notReferred(reference)}`
          : `Delete the rows of ${reference.table} first: rows of ${reference.of} are deleted with rows of ${own}, by on delete cascade.`,
    }));
}

/** The condition, for the job's `where`, that no row refers to a row. */
export function notReferred({ table, of, columns, referenced }: Reference): string {
  // In the job's own SQL, a table goes by its unqualified name.
  const ours = of.split(".").at(-1);
  const isNamesake = table.split(".").at(-1) === ours;
  const theirs = isNamesake ? "referring" : table.split(".").at(-1);
  const pairs = columns.map(
    (column, index) =>
      `${theirs}.${displayIdentifier(column)} = ${ours}.${displayIdentifier(referenced[index] ?? "")}`,
  );
  return `where not exists (select from ${table}${isNamesake ? " as referring" : ""} where ${pairs.join(" and ")})`;
}
