import type { Queryable } from "../../postgres/transaction/database.ts";
import type { Store } from "../../store/store.ts";
import type { Refusal } from "../open/check.ts";

/** Other runs at work on one of these tables: each waits for the other's row locks, and both get slower. */
export async function otherRuns(
  db: Queryable,
  store: Store,
  job: string,
  tables: readonly string[],
): Promise<readonly Refusal[]> {
  if (tables.length === 0) return [];
  const beside = await store.runs.atWorkBeside(db, job);
  return beside.flatMap(({ id, job: other, kind, code }) => {
    const table = code.tables?.find((each) => tables.includes(each));
    if (table === undefined) return [];
    const what = kind === "run" ? "" : `, an ${kind},`;
    return [
      {
        check: "other-runs",
        message: `Run ${id} of ${other}${what} is writing ${table} now: each of the two will wait for rows that the other has locked.`,
        remedy: `Let one of them wait: tidefill pause ${id}   and afterwards: tidefill resume ${id}`,
      },
    ];
  });
}
