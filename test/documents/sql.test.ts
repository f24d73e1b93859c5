import { readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { runJob, undoRun, verifyRun } from "tidefill";
import { beforeAll, expect, test } from "vitest";
import rowJob from "../../jobs/essay-word-count.ts";
import sqlJob from "../../jobs/essay-word-count-sql.ts";
import { createSampleSchool } from "../../src/cli/demo/create-sample-school.ts";
import { useDatabase } from "../support/database.ts";
import { skipBefore } from "../support/skip-before.ts";
import { CommandLine } from "../support/tidefill.ts";
import { Page, root } from "./markdown.ts";

const database = useDatabase();
const job = new Page("README.md").code("ts")[0]!;

beforeAll(() => createSampleSchool(database.pool, { essays: 5_000 }));

/** The statements of a batch of the README's job, as `plan` prints them. */
async function plannedStatements(): Promise<readonly string[]> {
  const commandLine = await CommandLine.open(database.url, { "essay-word-count.ts": job });
  try {
    const { value } = await commandLine.json("plan", "essay-word-count");
    const details = value.details as { readonly statements: readonly { readonly sql: string }[] };
    return details.statements.map(({ sql }) => sql);
  } finally {
    await commandLine.close();
  }
}

/** The statements that runs, a verify of each and an undo have sent. */
async function sentStatements(): Promise<readonly string[]> {
  const sent = new Set<string>();
  const { query } = pg.Client.prototype;
  const options = { connectionString: database.url, workers: 1 };
  pg.Client.prototype.query = function (this: pg.Client, ...given: readonly unknown[]) {
    const [first] = given as readonly [
      string | { readonly text?: string; readonly cursor?: { readonly text: string } },
    ];
    sent.add(typeof first === "string" ? first : (first.text ?? first.cursor?.text ?? ""));
    return Reflect.apply(query, this, given);
  } as typeof query;
  try {
    await runJob(rowJob, options);
    await verifyRun(rowJob, options);
    await undoRun(rowJob.name, options);
    await runJob(sqlJob, options);
    await verifyRun(sqlJob, options);
  } finally {
    pg.Client.prototype.query = query;
  }
  return [...sent];
}

/** The statements in a source file. */
function statementsIn(file: string): readonly string[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/sql`([^`]*)`/g)].map(([, statement = ""]) => statement);
}

/** SQL without what the page leaves out: quotes, schemas, the table's name before its columns, values, line breaks. */
function essence(sql: string): string {
  return (
    sql
      .replaceAll(/--.*$/gm, "")
      .replaceAll(
        /\$\{(?:[^{}]|\{[^{}]*\})*\}|\$\d+|"?tidefill"?\."?(range|run|reject|erased|undo_(\d+|<run>))\b"?/g,
        "?",
      )
      .replaceAll(/\b(500|1000|4194304)\b/g, "?")
      .replaceAll('"', "")
      .replaceAll(/\b(public|pg_catalog)\./g, "")
      .replaceAll(/operator\(([^)]*)\)/g, "$1")
      .replaceAll(/ (as|of) essay_submission_essay\b|\bessay_submission_essay\./g, "")
      .replaceAll(/\s+/g, " ")
      .replaceAll(/ ?([(),]) ?/g, "$1")
      // The page shows a batch in the middle of a range, `plan` one whose range has no end.
      .replaceAll(/ and id <= \?::bigint(?= order by id limit)/g, "")
      .trim()
  );
}

test("the SQL that docs/how-it-works.md shows is the SQL that runs", async (context) => {
  skipBefore(18, context);
  const sources = ["src/store/runs/ranges.ts", "src/store/runs/coverage.ts"].flatMap(statementsIn);
  const real = [...(await plannedStatements()), ...sources, ...(await sentStatements())].map(essence);
  const shown = new Page("docs/how-it-works.md")
    .code("sql")
    // The walk is not among the statements of a batch, and the limits of one are not those that `plan` prints.
    .filter((block) => !block.includes("offset") && !block.startsWith("begin"))
    .flatMap((block) => block.split("…"))
    .map(essence)
    .filter((part) => part !== "");
  expect(shown.length).toBeGreaterThan(6);
  expect(shown.filter((part) => !real.some((statement) => statement.includes(part)))).toEqual([]);
});
