export { type BackupOptions, type BackupReport, backupJob } from "./backup/backup-job.ts";
export { type RestoreOptions, restoreBackup } from "./backup/restore-backup.ts";
export type { RestoreReport } from "./backup/restore-report.ts";
export { type DryRunOptions, type DryRunReport, dryRun } from "./engine/preview/dry-run.ts";
export type { ContractReport } from "./engine/report/contract-report.ts";
export type { EngineEvent, EventListener } from "./engine/report/events.ts";
export type { RunReport } from "./engine/report/run-report.ts";
export { contractJob } from "./engine/run/contract-job.ts";
export { type ResumeOptions, resumeRun } from "./engine/run/resume-run.ts";
export { retryRejects } from "./engine/run/retry-rejects.ts";
export { type RunOptions, runJob } from "./engine/run/run-job.ts";
export { undoJob } from "./engine/undo/undo-job.ts";
export { undoRun } from "./engine/undo/undo-run.ts";
export { type VerifyOptions, verifyRun } from "./engine/verify/verify-run.ts";
export { JobError, RefusedError, TidefillError, UsageError } from "./errors.ts";
export { type EnqueueOptions, enqueue } from "./fleet/enqueue/enqueue.ts";
export type { QueryingClient } from "./fleet/queue/queue.ts";
export {
  defineTargets,
  fromEnv,
  type NamedTarget,
  type Target,
  type TargetOptions,
  type Targets,
} from "./fleet/targets/define-targets.ts";
export type { ColumnType, Json, Numeric, ValueOf } from "./job/columns/column-types.ts";
export { type RowOf, type Table, table } from "./job/columns/table.ts";
export type { Calls } from "./job/definition/calls.ts";
export { defineJob, defineSqlJob, defineSteps, type Job } from "./job/definition/define-job.ts";
export { type Later, later } from "./job/definition/later.ts";
export { reject, skip, type Verdict } from "./job/definition/verdict.ts";
export type { Duration } from "./job/pace/duration.ts";
export type { Pace, RunPace } from "./job/pace/pace.ts";
export {
  functionThrottle,
  prometheusThrottle,
  replicaLag,
  sqlThrottle,
  stopFile,
  type ThrottleDefinition,
  walRate,
} from "./job/pace/throttles.ts";
export {
  addCheck,
  addColumn,
  addForeignKey,
  createIndex,
  createTable,
  dropColumn,
  dropIndex,
  dropTable,
  renameColumn,
  type Step,
  setNotNull,
  sqlStep,
} from "./job/steps/steps.ts";
export { asSql, type BuiltQuery, type SqlLike } from "./postgres/sql/built-query.ts";
export { type Sql, sql } from "./postgres/sql/sql.ts";
export { deleteFrom } from "./sink/definitions/delete-from.ts";
export { insertInto } from "./sink/definitions/insert.ts";
export { move } from "./sink/definitions/move.ts";
export type { OnConflict } from "./sink/definitions/on-conflict.ts";
export { update } from "./sink/definitions/update.ts";
export { csvFile } from "./source/file/csv-file.ts";
export { ndjsonFile } from "./source/file/ndjson-file.ts";
export { rows } from "./source/inline/inline-rows.ts";
export { rowsOf } from "./source/table/table-rows.ts";
