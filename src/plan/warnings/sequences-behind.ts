import { displayName } from "../../job/columns/table.ts";
import { readSequenceColumns, setvalStatement } from "../../postgres/catalog/sequences.ts";
import { displayIdentifier } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { Refusal } from "../open/check.ts";
import type { WrittenTable } from "../open/opened-job.ts";

/** The job inserts its own values into a column with a sequence, which the sequence does not notice. */
export async function sequencesBehind(
  tx: Transaction,
  { relation, verb, columns }: WrittenTable,
): Promise<readonly Refusal[]> {
  if (verb !== "insert") return [];
  const found = await readSequenceColumns(tx, relation, columns);
  return found.map((column) => {
    const canMove = column.isIndexed && column.isOurs;
    const name = `${displayName(relation)}.${displayIdentifier(column.column)}`;
    return {
      check: "sequences",
      message: `${name} takes its values from the sequence ${column.sequence}, but the job inserts values of its own: until the sequence is past them, inserts of the application fail with 23505. ${canMove ? "The run moves it at its end" : "The run cannot move it"}.`,
      remedy: `${canMove ? "To move it by hand" : "Type this after the run"}: ${setvalStatement(relation, column)}`,
    };
  });
}
