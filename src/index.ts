export { type BackupOptions, type BackupReport, backupJob } from "./backup/backup-job.ts";
export { type RestoreOptions, restoreBackup } from "./backup/restore-backup.ts";
export type { RestoreReport } from "./backup/restore-report.ts";
export { contractJob } from "./engine/contract.ts";
export type { ContractReport } from "./engine/contract-report.ts";
export { type DryRunOptions, type DryRunReport, dryRun } from "./engine/dry-run.ts";
export type { EngineEvent, EventListener } from "./engine/events.ts";
export { type ResumeOptions, resumeRun } from "./engine/resume-run.ts";
export { retryRejects } from "./engine/retry-run.ts";
export { type RunOptions, runJob } from "./engine/run-job.ts";
export type { RunReport } from "./engine/run-report.ts";
export { undoJob } from "./engine/undo-job.ts";
export { undoRun } from "./engine/undo-run.ts";
export { type VerifyOptions, verifyRun } from "./engine/verify-run.ts";
export { JobError, RefusedError, TidefillError, UsageError } from "./errors.ts";
export type { ColumnType, Json, Numeric, ValueOf } from "./job/column-types.ts";
export { defineJob, defineSqlJob, defineSteps, type Job } from "./job/define-job.ts";
export type { Duration } from "./job/duration.ts";
export type { Pace, RunPace } from "./job/pace.ts";
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
} from "./job/steps.ts";
export { type RowOf, type Table, table } from "./job/table.ts";
export {
  functionThrottle,
  prometheusThrottle,
  replicaLag,
  sqlThrottle,
  stopFile,
  type ThrottleDefinition,
  walRate,
} from "./job/throttles.ts";
export { reject, skip, type Verdict } from "./job/verdict.ts";
export { asSql, type BuiltQuery, type SqlLike } from "./postgres/built-query.ts";
export { type Sql, sql } from "./postgres/sql.ts";
export { deleteFrom } from "./sink/delete.ts";
export { insertInto } from "./sink/insert.ts";
export { move } from "./sink/move.ts";
export type { OnConflict } from "./sink/on-conflict.ts";
export { update } from "./sink/update.ts";
export { csvFile } from "./source/csv-file.ts";
export { rows } from "./source/inline-rows.ts";
export { ndjsonFile } from "./source/ndjson-file.ts";
export { rowsOf } from "./source/table-rows.ts";
