import type { Transaction } from "../../postgres/transaction/database.ts";
import { slowForeignKeys } from "../checks/foreign-keys-have-an-index.ts";
import type { Refusal } from "../open/check.ts";
import type { OpenedJob } from "../open/opened-job.ts";
import { resolveJob } from "../open/resolve-job.ts";
import { ownTablesPublished } from "./own-tables-published.ts";
import { rowsReferredTo } from "./rows-referred-to.ts";
import { sequencesBehind } from "./sequences-behind.ts";
import { uniqueColumns } from "./unique-columns.ts";
import { unraisedVersions } from "./unraised-versions.ts";

/** What an operator should know before the run, and what to do about it; none of it refuses the run. */
export async function readWarnings(
  tx: Transaction,
  opened: OpenedJob,
  schema: string,
): Promise<readonly Refusal[]> {
  const { job, parameters, writes, write } = opened;
  const { sink } = resolveJob(job, job.bind(parameters));
  const found: Refusal[] = [];
  for (const written of writes) {
    const { relation, verb, columns } = written;
    if (verb !== "insert" || job.undoable)
      found.push(...(await slowForeignKeys(tx, relation, verb, columns)));
    found.push(...(await rowsReferredTo(tx, written)));
    found.push(...(await sequencesBehind(tx, written)));
    found.push(...unraisedVersions(written, write.kind === "sql"));
  }
  found.push(...(await uniqueColumns(tx, opened, sink)));
  found.push(...(await ownTablesPublished(tx, schema)));
  return found;
}
