import { type Job, type RunReport, runJob, undoRun } from "tidefill";
import { expect } from "vitest";
import type { TestDatabase } from "../../support/database.ts";

/** One hash for each table over all its rows, independent of addresses and order. */
export async function hashesOf(database: TestDatabase, tables: readonly string[]): Promise<unknown[]> {
  const hashes: unknown[] = [];
  for (const each of tables) {
    const [hash] = await database.query(`
      select count(*)::integer as rows, md5(coalesce(string_agg(h, ',' order by h collate "C"), '')) as hash
      from (select md5(t::text) as h from ${each} as t) as hashed`);
    hashes.push({ table: each, ...hash });
  }
  return hashes;
}

/** The number of images that a run has kept. */
export async function imagesOf(database: TestDatabase, run: number): Promise<number> {
  const [row] = await database.query(`select count(*)::integer as images from tidefill.undo_${run}`);
  return Number(row?.images);
}

/** Undoes a run and requires that every image was restored. */
export async function undoWholly(database: TestDatabase, run: number): Promise<RunReport> {
  const images = await imagesOf(database, run);
  const report = await undoRun(String(run), { connectionString: database.url, workers: 2 });
  const kept = await database.query(
    "select key, sqlstate, reason from tidefill.reject where run_id = $1 limit 3",
    [report.run],
  );
  expect({ ...report, kept }, String(report.message)).toMatchObject({
    kind: "undo",
    status: "succeeded",
    rows: { read: images, written: images, conflicted: 0, skipped: 0, rejected: 0 },
    kept: [],
  });
  return report;
}

/** run → undo → run → undo: the job changes something both times, and both undos restore all tables. */
export async function requireRoundTrips(
  database: TestDatabase,
  job: Job,
  tables: readonly string[],
  written: number,
): Promise<void> {
  const before = await hashesOf(database, tables);
  for (let round = 1; round <= 2; round += 1) {
    const report = await runJob(job, { connectionString: database.url, workers: 2, again: true });
    const rejects = await database.query(
      "select key, sqlstate, reason from tidefill.reject where run_id = $1 limit 3",
      [report.run],
    );
    expect({ ...report, rejects }, `run ${round} ${report.message}`).toMatchObject({
      status: "succeeded",
      rows: { written, rejected: 0 },
    });
    expect(await imagesOf(database, report.run)).toBe(written);
    expect(await hashesOf(database, tables)).not.toEqual(before);
    await undoWholly(database, report.run);
    expect(await hashesOf(database, tables), `undo ${round}`).toEqual(before);
  }
}
