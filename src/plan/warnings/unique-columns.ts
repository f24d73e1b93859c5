import { displayName } from "../../job/columns/table.ts";
import { readComparingConstraints } from "../../postgres/catalog/comparing-constraints.ts";
import { displayIdentifier } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import { UpdateSink } from "../../sink/definitions/update.ts";
import { shiftsBehind } from "../checks/unique-is-not-shifted.ts";
import type { Refusal } from "../open/check.ts";
import type { OpenedJob } from "../open/opened-job.ts";
import type { AnySink } from "../open/resolve-job.ts";

/** Values that other rows may still hold: what a transform makes of a unique column is not foreseeable. */
export async function uniqueColumns(
  tx: Transaction,
  opened: OpenedJob,
  sink: AnySink,
): Promise<readonly Refusal[]> {
  const { table } = opened;
  if (table === null || !(sink instanceof UpdateSink)) return shiftsBehind(tx, opened, sink);
  // A column that is only filled, such as a slug, takes values that no row holds.
  const shifted = sink.columns.filter((column) => table.definition.read.includes(column));
  const constraints = await readComparingConstraints(tx, table.relation, shifted);
  return constraints.map(({ name, kind, columns }) => ({
    check: "unique-is-not-shifted",
    message: `The transform writes a column of the ${kind} constraint ${displayIdentifier(name)} (${columns.map((column) => column.name).join(", ")}) of ${displayName(table.relation)}, and reads it: PostgreSQL would refuse a value that another row still holds, row by row.`,
    remedy: `Try it with real rows: tidefill run ${opened.job.name} --dry-run`,
  }));
}
