import { mainTable, type OpenedJob } from "../../plan/open/opened-job.ts";
import { readReferences } from "../../postgres/catalog/references.ts";
import { refersToItself } from "../../postgres/catalog/refers-to-itself.ts";
import { hasReturningOld } from "../../postgres/catalog/returning-old.ts";
import type { Database } from "../../postgres/transaction/database.ts";
import type { UndoLog } from "../../sink/images/images.ts";
import { noneInScope } from "../../source/table/none-in-scope.ts";
import type { BatchWork } from "../batch/batch-work.ts";
import type { RunTask } from "../batch/run-task.ts";
import { imageTarget, type TargetOf } from "../undo-log/image-target.ts";
import { moveSequences } from "./move-sequences.ts";
import { referredRows } from "./referred-rows.ts";
import { RowBatch } from "./row-batch.ts";
import { RowTransform } from "./row-transform.ts";
import { SqlBatch } from "./sql-batch.ts";
import { withRowSecurity } from "./with-row-security.ts";

/** A job's own work. With an undo log, each batch keeps what it overwrites. */
export async function jobTask(db: Database, opened: OpenedJob, log: UndoLog | null): Promise<RunTask> {
  const workOn = await openWork(db, opened, log);
  return taskOfWork(db, opened, workOn(opened));
}

/** Reads once what the batches need to know. Returns what makes their work, for all rows or a part. */
export async function openWork(
  db: Database,
  { writes }: OpenedJob,
  log: UndoLog | null,
): Promise<(opened: OpenedJob) => BatchWork> {
  const targetOf = imageTarget(log, log !== null && (await hasReturningOld(db)));
  const deleted = writes.find(({ verb }) => verb === "delete");
  const references = deleted === undefined ? null : await readReferences(db, deleted.relation);
  return (opened) => {
    const work = workOf(opened, targetOf);
    return withRowSecurity(
      references === null ? work : referredRows(work, references),
      opened.table === null ? [] : [opened.table.relation],
    );
  };
}

/** The task of a run whose batches do this work. */
export async function taskOfWork(db: Database, opened: OpenedJob, work: BatchWork): Promise<RunTask> {
  const { table } = opened;
  return {
    walk: opened.source.walk,
    work,
    pace: opened.job.pace,
    atOnce: opened.job.calls.atOnce,
    throttles: opened.job.throttles,
    sweeping: {
      hasPending: opened.hasPending,
      ...(opened.hasPending && table !== null
        ? { isDone: (end: Database) => noneInScope(end, table, 4 * opened.job.batchTimeMs) }
        : {}),
      triesConstraints: await deletesFromItself(db, opened),
      retries: null,
      ...(opened.writes.some(({ verb }) => verb === "insert")
        ? { lastly: (end: Database) => moveSequences(end, opened.writes) }
        : {}),
    },
    ofRejects: null,
    ...(table === null ? {} : { walked: table.relation }),
    relation: mainTable(opened),
    writes: opened.writes.map(({ relation }) => relation),
    guards: [
      ...opened.write.sink.guards,
      ...(opened.source.versions === undefined ? [] : [opened.source.versions.updates]),
    ],
  };
}

/** Whether a row may be undeletable until another row, which refers to it, is deleted later. */
async function deletesFromItself(db: Database, { writes }: OpenedJob): Promise<boolean> {
  const deleted = writes.find(({ verb }) => verb === "delete");
  return deleted !== undefined && refersToItself(db, deleted.relation);
}

function workOf(opened: OpenedJob, targetOf: TargetOf): BatchWork {
  const { job, write, source, table, parameters, isPersonal } = opened;
  // For a move this is the source: a row that the target refuses rolls its batch back and stays in the
  // source.
  const { name } = opened.writes.find(({ verb }) => verb !== "insert")?.relation ?? mainTable(opened);
  if (write.kind === "rows") {
    const limits = { holdMs: 2 * job.batchTimeMs, isPersonal, atOnce: job.calls.atOnce };
    const transform = new RowTransform(source, write.sink, write.transform, parameters, limits);
    return new RowBatch(source, write.sink, transform, targetOf, name);
  }
  if (table === null) throw new Error(`The SQL job ${job.name} has no table to read.`);
  return new SqlBatch(table, write.sink, targetOf, name);
}
