import { UsageError } from "../errors.ts";
import type { Job } from "../job/definition/define-job.ts";
import type { BackupScope } from "../plan/open-dropped.ts";
import type { Column } from "../postgres/catalog/relation.ts";
import type { OpenedTable } from "../source/table/opened-table.ts";

/** How much of a row a backup holds: all of it, or its key and what an update touches. */
export type BackupKind = "whole rows" | "touched columns";

/** What a job may destroy. */
export interface Kept {
  readonly table: OpenedTable;
  readonly kind: BackupKind;
  readonly columns: readonly Column[];
}

const wholeTable = Symbol("the whole table");

/** What the job's contract steps drop of the table that it reads. */
function droppedOf({ contract }: Job, { relation }: OpenedTable): readonly (string | typeof wholeTable)[] {
  return contract.flatMap((step) => {
    if (step.kind !== "drop column" && step.kind !== "drop table") return [];
    const { schema, name } = step.table;
    if (name !== relation.name || (schema !== null && schema !== relation.schema)) return [];
    return [step.kind === "drop table" ? wholeTable : step.column];
  });
}

/**
 * The rows that a job may destroy, and how much of each: every row where it drops a column or the table.
 * @throws UsageError when it destroys none
 */
export function whatToKeep({ job, table, writes }: BackupScope): Kept {
  const written = writes.find(({ verb }) => verb !== "insert");
  const dropped = table === null ? [] : droppedOf(job, table);
  if (table === null || (written === undefined && dropped.length === 0)) {
    throw new UsageError(
      `Job ${job.name} only inserts: none of the rows that it reads is changed or deleted, so there is nothing to back up.`,
      {
        remedy:
          "If its `onConflict` overwrites rows, name a check of your own in the job: backup: { check }.",
      },
    );
  }
  const isWhole = written?.verb === "delete" || dropped.includes(wholeTable);
  const key = table.key.columns.map(({ name }) => name);
  return {
    // Dropping a column or a table affects every row, in the job's scope or not.
    table: dropped.length > 0 ? table.withAllRows() : table,
    kind: isWhole ? "whole rows" : "touched columns",
    columns: table.relation.columns.filter(
      ({ name, isGenerated }) =>
        key.includes(name) ||
        (isWhole ? !isGenerated : (written?.columns.includes(name) ?? false) || dropped.includes(name)),
    ),
  };
}
