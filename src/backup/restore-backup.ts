import { resolve } from "node:path";
import { RefusedError, TidefillError } from "../errors.ts";
import { displayName } from "../job/columns/table.ts";
import { describeWithoutValues, sqlstateOf } from "../postgres/failure/failure.ts";
import type { Database } from "../postgres/transaction/database.ts";
import { withRetries } from "../postgres/transaction/with-retries.ts";
import { installSchema } from "../store/schema/store-schema.ts";
import { type Session, type SessionOptions, withSession } from "../store/session.ts";
import type { BackupProgress } from "./backup-progress.ts";
import { damagedParts } from "./damaged-parts.ts";
import { type Manifest, type ManifestPart, readManifest } from "./manifest.ts";
import { changedTypes, openTarget } from "./open-target.ts";
import { loadPart } from "./part-table.ts";
import { loadLimits } from "./read-back.ts";
import { type RestoredPart, type RestoreTarget, restorePart } from "./restore-part.ts";
import { type RestoreReport, RestoreTotal } from "./restore-report.ts";
import { readServerFacts } from "./server-facts.ts";
import type { BackupKind } from "./what-to-keep.ts";

export interface RestoreOptions extends SessionOptions {
  /** also overwrites rows that differ from the backup */
  readonly overwrite?: boolean | undefined;
  /** called when the backup was found intact, before anything is written; throws to stop the restore */
  readonly confirm?: ((question: RestoreQuestion) => Promise<void>) | undefined;
  /** called after each part that was restored */
  readonly onProgress?: ((progress: BackupProgress) => void) | undefined;
}

/** What is about to be restored, and where. */
export interface RestoreQuestion {
  readonly job: string;
  readonly table: string;
  readonly kind: BackupKind;
  readonly rows: number;
  readonly startedAt: string;
  /** the database of the backup, and the one that is connected */
  readonly from: string;
  readonly into: string;
}

/**
 * Restores the missing rows of a backup; leaves existing rows alone, unless `overwrite` is set. A second
 * restore changes nothing. Each file is restored in a transaction of its own.
 * @throws RefusedError before anything is written, when the backup is damaged or does not fit the table
 */
export async function restoreBackup(directory: string, options: RestoreOptions = {}): Promise<RestoreReport> {
  const path = resolve(directory);
  const manifest = await readManifest(path);
  await requireIntact(path, manifest);
  return withSession(`tidefill restore ${manifest.job}`, options, 2, async (session) => {
    const { db, store } = session;
    const { overwrite = false, onProgress = () => {} } = options;
    const erased = store.schema.table("erased");
    const target = await db.transaction((tx) => openTarget(tx, manifest, { overwrite, erased }));
    await options.confirm?.(await questionOf(db, manifest));
    await installSchema(db, store.schema);
    const total = new RestoreTotal(manifest, path);
    let bytes = 0;
    try {
      for (const part of manifest.parts) {
        total.add(await restoreFile(db, { manifest, target, directory: path }, part));
        bytes += part.bytes;
        onProgress({ rows: total.report.rows, bytes });
      }
    } catch (error) {
      // Earlier files are restored, so they are recorded; an error of this record must not hide the first
      // error.
      await record(session, total.report, overwrite).catch(() => {});
      throw error;
    }
    await record(session, total.report, overwrite);
    return total.report;
  });
}

async function requireIntact(directory: string, manifest: Manifest): Promise<void> {
  const damaged = await damagedParts(directory, manifest);
  if (damaged.length === 0) return;
  throw new RefusedError(
    "backup-is-intact",
    `The backup in ${directory} is damaged: ${damaged.slice(0, 5).join(", ")} ${damaged.length === 1 ? "is" : "are"} missing or not as tidefill wrote ${damaged.length === 1 ? "it" : "them"}. Nothing was restored.`,
    "Take another copy of the backup.",
  );
}

async function questionOf(db: Database, manifest: Manifest): Promise<RestoreQuestion> {
  const { job, kind, rows, startedAt, schema, server } = manifest;
  const { database } = await readServerFacts(db);
  const table = displayName({ schema, name: manifest.table });
  return { job, table, kind, rows, startedAt, from: server.database, into: database };
}

/** A backup that is being restored. */
interface Restoring {
  readonly manifest: Manifest;
  readonly target: RestoreTarget;
  readonly directory: string;
}

async function restoreFile(
  db: Database,
  { manifest, target, directory }: Restoring,
  part: ManifestPart,
): Promise<RestoredPart> {
  return withRetries(() =>
    db.transaction(async (tx) => {
      const { rows, checksum } = await loadPart(tx, target.columns, directory, part.file).catch(
        (error: unknown) => {
          // The column's type of today does not accept the value.
          throw sqlstateOf(error)?.startsWith("22") ? readDifferently(manifest, target, part) : error;
        },
      );
      if (rows !== part.rows || checksum !== part.checksum) throw readDifferently(manifest, target, part);
      return restorePart(tx, target);
    }, loadLimits),
  ).catch((error: unknown) => {
    throw sqlstateOf(error)?.startsWith("23") ? doesNotFit(part, error) : error;
  });
}

function doesNotFit({ file }: ManifestPart, cause: unknown): TidefillError {
  return new TidefillError(
    "restore-failed",
    `The rows of ${file} cannot be restored: ${describeWithoutValues(cause)}. The files before it are restored.`,
    {
      cause,
      remedy:
        "Restore the rows that these reference, or remove what is in their way; then start the restore again.",
    },
  );
}

function readDifferently(manifest: Manifest, target: RestoreTarget, { file }: ManifestPart): RefusedError {
  const changed = changedTypes(manifest, target);
  return new RefusedError(
    "backup-fits",
    `The values in ${file} do not read as they were exported${changed === "" ? "" : `: ${changed}`}. Nothing of this file was restored.`,
    "Restore into a table with the types of the manifest.",
  );
}

async function record(
  { db, store }: Session,
  { job, conflictKeys: _, ...counts }: RestoreReport,
  overwrite: boolean,
): Promise<void> {
  const details = { ...counts, overwrite };
  await store.audit.record(db, { action: "restore", job, run: null, details });
}
