import { notReferred } from "../../plan/warnings/rows-referred-to.ts";
import type { Reference } from "../../postgres/catalog/references.ts";
import type { BatchWork } from "../batch/batch-work.ts";

/** The batch of a job that deletes: a reject by a foreign key says what to do about the referring rows. */
export function referredRows(work: BatchWork, references: readonly Reference[]): BatchWork {
  // A sweep tries rows of one table that refer to each other again.
  const ofOthers = references.filter(({ isOfItself }) => !isOfItself);
  return {
    reasonAt: (key, reason) => {
      const given = work.reasonAt?.(key, reason) ?? reason;
      const reference = ofOthers.find(({ constraint }) =>
        reason.startsWith(`foreign key violation, constraint ${constraint},`),
      );
      if (reference === undefined) return given;
      return `${given}: ${reference.table} refers to this row; delete its rows first, or leave this one out by: ${notReferred(reference)}`;
    },
    ...(work.look === undefined ? {} : { look: work.look.bind(work) }),
    do: (tx, batch) => work.do(tx, batch),
  };
}
