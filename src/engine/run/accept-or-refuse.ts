import { RefusedError, type TableChangedError } from "../../errors.ts";
import { parseRejectLimit } from "../../job/definition/reject-limit.ts";
import type { OpenedJob } from "../../plan/open/opened-job.ts";
import { sql } from "../../postgres/sql/sql.ts";
import type { Database } from "../../postgres/transaction/database.ts";
import type { Run } from "../../store/runs/run.ts";
import type { Session } from "../../store/session.ts";
import { identitiesOf, RunTables } from "../batch/run-tables.ts";
import type { WorkOptions } from "../options/work-options.ts";

/**
 * Compares the job and its tables with what they were when the run began. Accepts changes where the caller
 * says so, and records them. @throws RefusedError
 */
export async function acceptOrRefuse(
  { db, store }: Session,
  run: Run,
  opened: OpenedJob,
  options: WorkOptions & { readonly acceptChanges?: boolean | undefined },
): Promise<void> {
  if (run.keyFingerprint !== opened.keyFingerprint)
    throw opened.table === null ? anotherFile(run) : orderedOtherwise(run);
  const code = { definition: opened.definitionFingerprint, files: options.files ?? {} };
  const changes = changesSince(run, code, opened.tableFingerprint);
  if (changes.length > 0 && options.acceptChanges !== true) {
    throw new RefusedError(
      "nothing-changed-since",
      `Run ${run.id} of ${run.job} began with something else: since then ${changes.join("; ")}. Rows done so far were done the old way.`,
      `To go on with the change: tidefill resume ${run.job} --accept-changes   Otherwise restore it, or: tidefill cancel ${run.job}`,
    );
  }
  const changed = run.kind === "run" ? await changeOfTables(db, run, opened) : null;
  if (changed !== null && options.acceptChanges !== true)
    throw new RefusedError("tables-are-the-same", changed.message, changed.remedy ?? "");
  await store.runs.set(db, run.id, {
    ...(options.acceptChanges === true && run.kind === "run"
      ? { tables: sql`${JSON.stringify(await identitiesOf(db, opened))}::jsonb` }
      : {}),
    ...(changes.length > 0
      ? {
          code: sql`code || ${JSON.stringify(code)}::jsonb`,
          table_fingerprint: sql`${opened.tableFingerprint}`,
          session: sql`${JSON.stringify(opened.job.session)}::jsonb`,
        }
      : {}),
    ...(options.rejectLimit === undefined
      ? {}
      : { reject_limit: sql`${String(parseRejectLimit(options.rejectLimit))}` }),
  });
}

async function changeOfTables(db: Database, run: Run, opened: OpenedJob): Promise<TableChangedError | null> {
  return new RunTables(run, opened.hasPending).change(db);
}

function changesSince(run: Run, code: Run["code"], tableFingerprint: string): string[] {
  const files = Object.keys({ ...run.code.files, ...code.files });
  // Without files on either side (a run from code) only the definition can be compared.
  const comparable = Object.keys(run.code.files).length > 0 && Object.keys(code.files).length > 0;
  const changed = comparable ? files.filter((file) => run.code.files[file] !== code.files[file]) : [];
  return [
    ...(changed.length > 0 ? [`${changed.join(", ")} changed`] : []),
    ...(changed.length === 0 && run.code.definition !== code.definition
      ? ["the job's definition changed"]
      : []),
    ...(run.tableFingerprint === tableFingerprint
      ? []
      : ["it uses other columns, or their types changed in the database"]),
  ];
}

function anotherFile(run: Run): RefusedError {
  return new RefusedError(
    "file-is-unchanged",
    `The file that ${run.job} reads has changed since run ${run.id} began. How far the old file was read says nothing about the new one.`,
    `Restore the old file. Or start again: tidefill cancel ${run.job}   then tidefill run ${run.job}`,
  );
}

function orderedOtherwise(run: Run): RefusedError {
  return new RefusedError(
    "order-is-unchanged",
    `The key of ${run.job} is ordered otherwise than when run ${run.id} began: its type, its collation or its labels changed. Which rows are done is no longer known.`,
    `Start again: tidefill cancel ${run.job}   then tidefill run ${run.job}, which does the rows that are pending`,
  );
}
