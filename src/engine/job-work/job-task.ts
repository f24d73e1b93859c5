import { mainTable, type OpenedJob } from "../../plan/open/opened-job.ts";
import { readReferences } from "../../postgres/catalog/references.ts";
import { refersToItself } from "../../postgres/catalog/refers-to-itself.ts";
import { hasReturningOld } from "../../postgres/catalog/returning-old.ts";
import type { Database } from "../../postgres/transaction/database.ts";
import type { UndoLog } from "../../sink/images/images.ts";
import { noneInScope } from "../../source/table/none-in-scope.ts";
import type { BatchWork } from "../batch/batch-work.ts";
import type { RunTask } from "../batch/run-task.ts";
import { Asker } from "../calls/asker.ts";
import { CallBatch } from "../calls/call-batch.ts";
import type { CallHome } from "../calls/call-home.ts";
import { RowAnswers } from "../rows/row-answers.ts";
import { RowTransform } from "../rows/row-transform.ts";
import { RowWrite } from "../rows/row-write.ts";
import { imageTarget, type TargetOf } from "../undo-log/image-target.ts";
import { moveSequences } from "./move-sequences.ts";
import { referredRows } from "./referred-rows.ts";
import { RowBatch } from "./row-batch.ts";
import { SqlBatch } from "./sql-batch.ts";
import { withRowSecurity } from "./with-row-security.ts";

/** A job's own work. With an undo log, each batch keeps what it overwrites. */
export async function jobTask(db: Database, opened: OpenedJob, kept: Kept): Promise<RunTask> {
  const workOn = await openWork(db, opened, kept);
  return taskOfWork(db, opened, workOn(opened));
}

/** What a run keeps of its rows: what it overwrites, and what other systems answer; null where nothing. */
export interface Kept {
  readonly log: UndoLog | null;
  readonly calls: CallHome | null;
}

/** Reads once what the batches need to know. Returns what makes their work, for all rows or a part. */
export async function openWork(
  db: Database,
  { writes }: OpenedJob,
  { log, calls }: Kept,
): Promise<(opened: OpenedJob) => BatchWork> {
  const targetOf = imageTarget(log, log !== null && (await hasReturningOld(db)));
  const deleted = writes.find(({ verb }) => verb === "delete");
  const references = deleted === undefined ? null : await readReferences(db, deleted.relation);
  return (opened) => {
    const work = workOf(opened, targetOf, calls);
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
    calls: opened.job.calls,
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

function workOf(opened: OpenedJob, targetOf: TargetOf, home: CallHome | null): BatchWork {
  const { job, write, source, table, parameters, isPersonal } = opened;
  // For a move this is the source: a row that the target refuses rolls its batch back and stays in the
  // source.
  const { name } = opened.writes.find(({ verb }) => verb !== "insert")?.relation ?? mainTable(opened);
  if (write.kind === "rows") {
    const rowWrite = new RowWrite(source, write.sink, targetOf, name);
    if (job.calls !== null) {
      // The answers of calls that were paid for must not be lost with a rolled-back transaction.
      if (home === null) throw new Error(`The run of ${job.name} has no place for the answers of its calls.`);
      const rowAnswers = new RowAnswers(source, write.sink, isPersonal);
      const asker = new Asker({ transform: write.transform, rules: job.calls, rowAnswers, parameters }, home);
      return new CallBatch({ source, rowAnswers, asker, home, write: rowWrite });
    }
    const limits = { holdMs: 2 * job.batchTimeMs, isPersonal };
    const transform = new RowTransform(source, write.sink, write.transform, parameters, limits);
    return new RowBatch(source, transform, rowWrite);
  }
  if (table === null) throw new Error(`The SQL job ${job.name} has no table to read.`);
  return new SqlBatch(table, write.sink, targetOf, name);
}
