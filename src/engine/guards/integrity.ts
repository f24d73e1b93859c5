import { RefusedError } from "../../errors.ts";
import type { Job } from "../../job/definition/define-job.ts";
import { raw, sql } from "../../postgres/sql/sql.ts";
import type { Database, Result, Transaction } from "../../postgres/transaction/database.ts";
import { lookBriefly } from "../../postgres/transaction/look-briefly.ts";
import type { RunReport } from "../report/run-report.ts";

/** An integrity query that returned rows: how many, up to a hundred. */
export interface Broken {
  readonly name: string;
  readonly rows: number;
}

const countedAtMost = 100;
const longestQueryMs = 600_000;

/** Runs a job's integrity queries and returns those that found a row. The rows do not leave the database. */
async function checkIntegrity(db: Database, { integrity, session }: Job): Promise<Broken[]> {
  const broken: Broken[] = [];
  for (const { name, query } of integrity) {
    const counted = sql`select pg_catalog.count(*) as rows
      from (
        select
        from (
          ${query}
        ) as breaking
        limit ${countedAtMost}
      ) as counted`;
    const limits = { statementMs: longestQueryMs, wholeMs: longestQueryMs };
    const ask = async (tx: Transaction): Promise<Result> => {
      await tx.query(raw("set local enable_seqscan = on"));
      return tx.query(counted);
    };
    const { rows } = await lookBriefly(db.withSettings(session), (briefly) =>
      briefly.rolledBack(ask, limits),
    );
    const count = Number(rows[0]?.rows ?? 0);
    if (count > 0) broken.push({ name, rows: count });
  }
  return broken;
}

/** @throws RefusedError when an integrity query finds a row before the run */
export async function requireIntegrity(db: Database, job: Job): Promise<void> {
  const broken = await checkIntegrity(db, job);
  if (broken.length === 0) return;
  throw new RefusedError(
    "integrity-holds",
    `Before the run, ${describeBroken(broken)}. Nothing was started.`,
    "Run the query itself to see these rows, and correct them first.",
  );
}

/** Adds the broken integrity queries to the report of a run that has succeeded. */
export async function withIntegrity(db: Database, job: Job, report: RunReport): Promise<RunReport> {
  if (report.status !== "succeeded") return report;
  return { ...report, broken: await brokenRules(db, job) };
}

/** The job's broken integrity queries, in words. */
export async function brokenRules(db: Database, job: Job): Promise<string[]> {
  return (await checkIntegrity(db, job)).map(describeOne);
}

function describeBroken(broken: readonly Broken[]): string {
  return broken.map(describeOne).join(", ");
}

function describeOne({ name, rows }: Broken): string {
  const many =
    rows >= countedAtMost ? `${countedAtMost} rows or more` : `${rows} row${rows === 1 ? "" : "s"}`;
  return `"${name}" is broken by ${many}`;
}
