import { type ColumnType, defineJob, type Job, RefusedError, rowsOf, runJob, table, update } from "tidefill";
import { expect } from "vitest";
import type { TestDatabase } from "../../support/database.ts";

/** Creates the schema `things` again, with what a test needs in it. */
export async function thingsOf(database: TestDatabase, create: string): Promise<void> {
  await database.query(`
    drop schema if exists things cascade;
    drop extension if exists file_fdw cascade;
    drop publication if exists news;
    create schema things;
    set local search_path = things, public;
    ${create}`);
}

/** A job that would write one column of things.t. */
export function jobOver(
  columns: Readonly<Record<string, ColumnType>> = { id: "bigint", n: "integer?" },
  column = "n",
  key = "id",
): Job {
  const described = table("things.t", { key, columns });
  return defineJob({
    name: "refused",
    source: rowsOf(described),
    transform: () => ({ [column]: null }),
    sink: update(described, [column]),
  });
}

/** Why a job is refused; fails when the job is not refused, or when the refusal names no remedy. */
export async function refusalOf(
  connectionString: string,
  job: Job,
): Promise<{ readonly check: string; readonly message: string; readonly remedy: string }> {
  const error: unknown = await runJob(job, { connectionString, signal: AbortSignal.timeout(100_000) }).then(
    (report) => new Error(`The run was not refused: it is ${report.status}.`),
    (failure: unknown) => failure,
  );
  if (!(error instanceof RefusedError)) throw error;
  expect(error.remedy).toBeTruthy();
  return { check: error.check, message: error.message, remedy: error.remedy ?? "" };
}

/** Passes `work` the address for a role that owns nothing and has only the rights in `grants`. */
export async function limited(
  database: TestDatabase,
  grants: string,
  work: (url: string) => Promise<void>,
  // Roles belong to the whole server, so each test file has its own.
  role = "limited",
): Promise<void> {
  await database.query(
    `drop role if exists ${role}; create role ${role} login password 'limited'; ${grants}`,
  );
  try {
    const url = new URL(database.url);
    url.username = role;
    url.password = "limited";
    await work(url.href);
  } finally {
    // A pooler would hand this role's connections on to the next role of the same name.
    await database.query(`
      select pg_terminate_backend(pid) from pg_stat_activity where usename = '${role}';
      drop owned by ${role}; drop role ${role}`);
  }
}
