import { resolve } from "node:path";
import { displayName } from "../job/columns/table.ts";
import type { Job } from "../job/definition/define-job.ts";
import { type GivenParameters, parametersToJson, readParameters } from "../job/definition/parameters.ts";
import { ownVersion } from "../own-package.ts";
import { type BackupScope, openDropped } from "../plan/open-dropped.ts";
import { openJob } from "../plan/open-job.ts";
import { requireParametersFit } from "../plan/parameters-fit.ts";
import type { Database } from "../postgres/transaction/database.ts";
import { installSchema } from "../store/schema/store-schema.ts";
import { type Session, type SessionOptions, withSession } from "../store/session.ts";
import type { BackupProgress } from "./backup-progress.ts";
import { exportRows, totalOf } from "./export-rows.ts";
import { type Manifest, manifestFormat, writeManifest } from "./manifest.ts";
import { readBack } from "./read-back.ts";
import { readClock, readServerFacts } from "./server-facts.ts";
import { takeDirectory } from "./take-directory.ts";
import { type BackupKind, type Kept, whatToKeep } from "./what-to-keep.ts";

export interface BackupOptions extends SessionOptions {
  /** a new directory, or an empty one */
  readonly directory: string;
  readonly parameters?: GivenParameters | undefined;
  /** called after each part that was written */
  readonly onProgress?: ((progress: BackupProgress) => void) | undefined;
}

/** A backup that was read back and compared. */
export interface BackupReport {
  readonly job: string;
  readonly directory: string;
  readonly table: string;
  readonly kind: BackupKind;
  readonly rows: number;
  /** of the compressed files */
  readonly bytes: number;
  readonly files: number;
  /** the files hold values about persons */
  readonly personalData: boolean;
  readonly verified: true;
  readonly startedAt: string;
  readonly finishedAt: string;
}

/**
 * Exports what a job may destroy, reads it back and compares it; only then does it count as a backup.
 * Installs tidefill's schema when it is missing.
 * @throws RefusedError, UsageError when nothing was written; TidefillError when the read-back differs
 */
export async function backupJob(job: Job, options: BackupOptions): Promise<BackupReport> {
  const parameters = await readParameters(job.parameters, options.parameters ?? {});
  const directory = resolve(options.directory);
  return withSession(`tidefill backup ${job.name}`, options, 2, async (session) => {
    const { db, store } = session;
    await requireParametersFit(db, job.parameters, parameters);
    const opened = job.kind === "steps" ? await openDropped(db, job) : await openJob(db, job, parameters);
    const kept = whatToKeep(opened);
    await installSchema(db, store.schema);
    await takeDirectory(directory);
    const manifest = await exportAll(db.withSettings(job.session), opened, kept, { ...options, directory });
    await readBack(db, directory, kept.columns);
    await record(session, manifest, directory, opened.scopeFingerprint);
    return toReport(manifest, directory);
  });
}

async function exportAll(
  db: Database,
  { job, isPersonal }: BackupScope,
  kept: Kept,
  { directory, parameters = {}, onProgress = () => {} }: BackupOptions,
): Promise<Manifest> {
  const server = await readServerFacts(db);
  const startedAt = await readClock(db);
  const parts = await exportRows(db, kept, directory, onProgress);
  const { relation, key } = kept.table;
  const manifest: Manifest = {
    format: manifestFormat,
    tidefill: ownVersion(),
    job: job.name,
    parameters: isPersonal
      ? Object.keys(parameters)
      : JSON.parse(parametersToJson(job.parameters, parameters)),
    personalData: isPersonal,
    kind: kept.kind,
    schema: relation.schema,
    table: relation.name,
    key: key.columns.map(({ name }) => name),
    columns: kept.columns.map(({ name, displayType, baseType }) => ({ name, type: displayType, baseType })),
    ...totalOf(parts),
    server,
    startedAt,
    finishedAt: await readClock(db),
    parts,
  };
  await writeManifest(directory, manifest);
  return manifest;
}

/** Records the backup, so that the check of destructive jobs finds it. */
async function record(
  { db, store }: Session,
  manifest: Manifest,
  directory: string,
  scopeFingerprint: string,
): Promise<void> {
  const { job, rows, bytes, startedAt, schema, table, kind } = manifest;
  await db.transaction(async (tx) => {
    await store.backups.add(tx, {
      job,
      directory,
      scopeFingerprint,
      rows: BigInt(rows),
      bytes: BigInt(bytes),
      startedAt,
    });
    const details = { directory, table: `${schema}.${table}`, kind, rows, bytes };
    await store.audit.record(tx, { action: "backup", job, run: null, details });
  });
}

function toReport(manifest: Manifest, directory: string): BackupReport {
  const { job, kind, rows, bytes, parts, personalData, startedAt, finishedAt } = manifest;
  const table = displayName({ schema: manifest.schema, name: manifest.table });
  const what = { job, directory, table, kind, rows, bytes, files: parts.length, personalData };
  return { ...what, verified: true, startedAt, finishedAt };
}
