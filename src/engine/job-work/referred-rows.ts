import { notReferred } from "../../plan/warnings/rows-referred-to.ts";
import type { Reference } from "../../postgres/catalog/references.ts";
import type { BatchWork } from "../batch/batch-work.ts";

/** The batch of a job that deletes: a row that a foreign key keeps is rejected with what to do about those that refer to it. */
export function referredRows(work: BatchWork, references: readonly Reference[]): BatchWork {
  // Rows of one table that refer to each other are tried again by a sweep.
  const ofOthers = references.filter(({ isOfItself }) => !isOfItself);
  return {
    reasonAt: (key, reason) => {
      const given = work.reasonAt?.(key, reason) ?? reason;
      const reference = ofOthers.find(({ constraint }) =>
        reason.startsWith(`foreign key violation, constraint ${constraint},`),
      );
      if (reference === undefined) return given;
      return `${given}: ${reference.table} refers to this row; delete those first, or leave them out by: ${notReferred(reference)}`;
    },
    do: (tx, batch) => work.do(tx, batch),
  };
}
