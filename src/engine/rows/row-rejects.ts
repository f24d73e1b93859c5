import { JobError, swallowedBy } from "../../errors.ts";
import type { KeyText } from "../../postgres/catalog/key.ts";
import { swallowedState } from "../../postgres/failure/failure.ts";
import type { Reject } from "../../store/rejects/rejects.ts";

/** A row that `onConflict` rejects. */
export function conflictReject(key: KeyText): Reject {
  return { key, sqlstate: "23505", reason: "its new row has the same unique values as another row" };
}

/** A row that should have been written and was not. */
export function swallowedReject(key: KeyText, table: string): Reject {
  return { key, sqlstate: swallowedState, reason: swallowedBy(table) };
}

/** A sweep would find these rows and write them a second time, so the run must not go on. */
export function stillPendingError(rows: number): JobError {
  return new JobError(
    `\`pending\` is still true for ${rows} rows that the job has just written; the batch was rolled back.`,
    {
      remedy: "Correct `pending`: it must become false once a row is done.",
    },
  );
}
