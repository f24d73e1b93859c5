import { displayName } from "../../job/table.ts";
import { readComparingConstraints } from "../../postgres/comparing-constraints.ts";
import type { Transaction } from "../../postgres/database.ts";
import { displayIdentifier } from "../../postgres/sql.ts";
import { UpdateSink } from "../../sink/update.ts";
import type { Refusal } from "../checks/check.ts";
import { shiftsBehind } from "../checks/unique-is-not-shifted.ts";
import type { OpenedJob } from "../opened-job.ts";
import type { AnySink } from "../take-apart.ts";

/** Values that other rows may still hold when they are written: what a transform makes of a unique column, nobody can foretell. */
export async function uniqueColumns(
  tx: Transaction,
  opened: OpenedJob,
  sink: AnySink,
): Promise<readonly Refusal[]> {
  const { table } = opened;
  if (table === null || !(sink instanceof UpdateSink)) return shiftsBehind(tx, opened, sink);
  // A column that is only filled, as a slug, takes values that no row holds.
  const shifted = sink.columns.filter((column) => table.definition.read.includes(column));
  const constraints = await readComparingConstraints(tx, table.relation, shifted);
  return constraints.map(({ name, kind, columns }) => ({
    check: "unique-is-not-shifted",
    message: `The transform writes a column of the ${kind} constraint ${displayIdentifier(name)} (${columns.map((column) => column.name).join(", ")}) of ${displayName(table.relation)}, and reads it: a value that another row still holds is refused, row by row.`,
    remedy: `See with real rows whether it does: tidefill run ${opened.job.name} --dry-run`,
  }));
}
