import { RefusedError } from "../../errors.ts";
import { rowsCanBeVerified } from "../../plan/checks/rows-can-be-verified.ts";
import type { OpenedJob } from "../../plan/open/opened-job.ts";
import type { Database } from "../../postgres/transaction/database.ts";
import { lookBriefly } from "../../postgres/transaction/look-briefly.ts";

/** @throws RefusedError when a verify of the whole table would fail for lack of a grant */
export async function requireVerifiable(db: Database, { table }: OpenedJob): Promise<void> {
  if (table === null) return;
  const { relation, definition } = table;
  const [first, ...rest] = await lookBriefly(db, (briefly) =>
    briefly.transaction((tx) => rowsCanBeVerified(tx, relation, definition.read)),
  );
  if (first === undefined) return;
  const more = rest.map(({ message }) => `\n${message}`).join("");
  throw new RefusedError(
    "rows-can-be-verified",
    `${first.message}${more}`,
    [first, ...rest].map(({ remedy }) => remedy).join(" "),
  );
}
